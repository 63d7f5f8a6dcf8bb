"""Check independent pixels against counts by hand."""

import itertools

import numpy as np
import pytest

from jgen.models import independent_pixels

IMAGES = np.random.default_rng(0).integers(0, 3, (7, 2, 2, 1))


def test_the_probability_is_the_product_of_smoothed_frequencies():
    x = np.array([[[[0], [2]], [[1], [1]]]])
    shares = [((IMAGES[:, i, j, 0] == x[0, i, j, 0]).sum() + 0.5) / 8.5 for i in (0, 1) for j in (0, 1)]
    np.testing.assert_allclose(independent_pixels(IMAGES, 3)(x), [np.log(shares).sum()], rtol=1e-12)
    as_floats = independent_pixels(IMAGES.astype(np.float32), 3)(x.astype(np.float32))
    np.testing.assert_array_equal(as_floats, independent_pixels(IMAGES, 3)(x))


def test_the_probabilities_of_all_images_sum_to_one():
    every = np.array(list(itertools.product(range(3), repeat=4))).reshape(-1, 2, 2, 1)
    np.testing.assert_allclose(np.exp(independent_pixels(IMAGES, 3)(every)).sum(), 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: independent_pixels(IMAGES[:0], 3), r"images .*; got 3, and shape \(0, 2, 2, 1\)"),
        (lambda: independent_pixels(IMAGES, 0), "num_levels >= 1"),
        (lambda: independent_pixels(IMAGES, 2), "from 0 to 1 of shape .*values from 0 to 2"),
        (lambda: independent_pixels(IMAGES, 3)(IMAGES - 1), "values from -1 to 1"),
        (lambda: independent_pixels(IMAGES, 3)(IMAGES / 2), "whole numbers"),
        (lambda: independent_pixels(IMAGES, 3)(IMAGES[:, 0]), r"got shape \(7, 2, 1\)"),
    ],
)
def test_invalid_images_are_rejected(call, words):
    with pytest.raises(ValueError, match=words):
        call()
