"""Images of another shape, type or range are refused, in words."""

import jax.numpy as jnp
import numpy as np
import pytest

from jgen.features.input_checks import check_colour_images, check_shape, check_unit_range

GOOD = np.full((4, 6, 5, 3), 0.5)


def with_value(value, dtype=float):
    images = GOOD.astype(dtype)
    images[2, 1, 1, 1] = value
    return images


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (GOOD[..., :1], r"of red, green and blue; got \(4, 6, 5, 1\): repeat a grey image"),
        (np.moveaxis(GOOD, -1, 1), "put channels last"),
        (GOOD[0], "of red, green and blue"),
        (GOOD[:, :0], "of red, green and blue"),
        (with_value(1.0001), "in .0, 1.; these reach from 0.5 to 1.0001"),
        (with_value(-1e-3), "these reach from -0.001 to 0.5"),
        (255 * GOOD, "these reach from 127.5 to 127.5: rescale them"),
        (2 * GOOD - 1.5, "these reach from -0.5"),
        (with_value(np.inf), "to inf"),
        (with_value(np.nan), "1 of 4 images have a NaN; the first is row 2"),
        ((255 * GOOD).astype(int), "in uint8, 0 to 255, or in floats, 0 to 1; got int64"),
        (GOOD > 0, "got bool"),
        (GOOD.astype(complex), "got complex128"),
        (np.stack([np.full((6, 5, 3), 200, np.uint8), GOOD[0]]), "these reach from 0.5 to 200"),
    ],
    ids=lambda value: value.replace(" ", "-")[:20] if isinstance(value, str) else "",
)
def test_colour_images_of_another_form_are_refused(images, words):
    with pytest.raises(ValueError, match=words):
        check_colour_images("inception-v3", images)


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, jnp.bfloat16, np.float32, np.float64])
def test_bytes_and_floats_up_to_the_ends_of_their_range_are_taken(dtype):
    white = 255 if dtype == np.uint8 else 1
    images = np.array([0, white, white], dtype).reshape(1, 1, 1, 3)
    check_colour_images("inception-v3", images)
    if dtype != np.uint8:
        check_unit_range("own", images)


def test_integers_do_not_say_what_white_is():
    with pytest.raises(
        ValueError, match=r"own takes floats in .0, 1.; got uint8: divide by the value of white"
    ):
        check_unit_range("own", np.ones((2, 8, 8, 1), np.uint8))


@pytest.mark.parametrize("shape", [(4, 8, 8), (4, 8, 9, 1), (4, 8, 8, 1, 1)])
def test_another_shape_is_refused(shape):
    check_shape("own", np.zeros((4, 8, 8, 1)), (None, 8, 8, 1), "images")
    with pytest.raises(ValueError, match=r"own takes images of sizes \(any, 8, 8, 1\); got"):
        check_shape("own", np.zeros(shape), (None, 8, 8, 1), "images")
