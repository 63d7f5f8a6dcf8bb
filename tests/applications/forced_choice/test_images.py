"""Images that people are shown: checks of shape and range, and files that tell nothing."""

import io

import numpy as np
import pytest
from PIL import Image

from jgen.applications.forced_choice import check_images
from jgen.applications.forced_choice.images import shuffle_pixels, to_png
from jgen.errors import UsageError


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_is_the_image(rng, channels):
    image = rng.integers(256, size=(5, 7, channels)).astype(np.uint8)
    read = np.asarray(Image.open(io.BytesIO(to_png(image))))
    np.testing.assert_array_equal(read.reshape(image.shape), image)


def test_files_of_one_size_have_one_length_and_no_metadata(rng):
    """A compressed file of noise is longer than one of a flat image, and would tell them apart."""
    flat, noise = np.zeros((28, 28, 1), np.uint8), rng.integers(256, size=(28, 28, 1)).astype(np.uint8)
    assert len(to_png(flat)) == len(to_png(noise))
    assert Image.open(io.BytesIO(to_png(noise))).info == {}


def test_values_are_scaled_alike():
    sets = check_images({"real": np.array([[[0, 8], [16, 4]]]), "model": np.full((3, 2, 2, 1), 16)}, 16)
    assert sets["real"].ravel().tolist() == [0, 128, 255, 64]
    assert sets["model"].shape == (3, 2, 2, 1)
    assert check_images({"real": np.full((1, 2, 2), 0.5)})["real"].max() == 128


def test_shuffled_pixels_have_the_same_values(rng):
    image = rng.integers(256, size=(8, 8, 3)).astype(np.uint8)
    noise = shuffle_pixels(image, rng)
    assert sorted(map(tuple, noise.reshape(-1, 3))) == sorted(map(tuple, image.reshape(-1, 3)))
    assert (noise != image).any()


ONES = np.ones((2, 4, 4))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (np.ones((2, 4, 5)), r"are \(4, 5, 1\), and those of real \(4, 4, 1\)"),
        (np.ones((2, 4, 4, 3)), r"are \(4, 4, 3\)"),
        (np.ones((2, 4, 4, 2)), "one or three channels"),
        (np.ones((2, 1025, 1025)), "at most 1024"),
        (np.ones((0, 4, 4)), r"got \(0, 4, 4, 1\)"),
        (np.ones(4), "must be images"),
        (ONES * 1.5, "2 of 2 images of model have values that are not within 0 to 1"),
        (-ONES, "not within 0 to 1"),
        (ONES * np.nan, "not within 0 to 1"),
        (ONES / 255, "all of model is black: its values end at 0.00392"),
        (ONES.astype(np.uint8), "real is of floats, and others of whole numbers"),
        (ONES.astype(complex), "real numbers"),
        (ONES.astype(bool), "real numbers"),
    ],
)
def test_other_images_are_refused(made, words):
    with pytest.raises(UsageError, match=words):
        check_images({"real": ONES, "model": made})
