"""Resizing as TensorFlow 1 did, against a loop over pixels."""

import jax.numpy as jnp
import numpy as np
import pytest

from jgen.features.legacy_resize import legacy_resize
from tests.helpers.numpy_resize import loop_resize

SIZES = [((32, 11), (299, 75)), ((8, 5), (7, 13)), ((64, 48), (20, 30)), ((1, 3), (4, 4))]
ROUNDING = 4 * 255 * 2.0**-23
"""Of three products and three sums in float32 of numbers up to 255, each rounded by at most half a unit."""


def check_against_a_loop(resize, sizes=SIZES[1:]):
    rng = np.random.default_rng(0)
    for before, after in sizes:
        images = rng.integers(0, 256, (1, *before, 3))
        truth = np.stack([loop_resize(image, *after) for image in images])
        found = resize(jnp.asarray(images, jnp.float32), after)
        np.testing.assert_allclose(found, truth, rtol=0, atol=ROUNDING)


def test_pixels_equal_those_of_a_loop():
    check_against_a_loop(legacy_resize, SIZES)


@pytest.mark.parametrize("size", [1, 2, 75, 299, 300, 512, 1024])
def test_an_image_of_the_right_size_stays_as_it_is(size):
    x = np.arange(size, dtype=np.float32).reshape(1, size, 1, 1) * np.ones((1, 1, size, 1), np.float32)
    np.testing.assert_array_equal(legacy_resize(jnp.asarray(x), (size, size)), x)


def test_the_first_pixel_is_kept_and_the_last_columns_repeat():
    """So that the image moves to the right and down: with half-pixel centres it would be symmetric."""
    row = legacy_resize(jnp.array([0.0, 6.0]).reshape(1, 1, 2, 1), (1, 6)).ravel()
    np.testing.assert_allclose(row, [0, 2, 4, 6, 6, 6], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, jnp.bfloat16, np.float32])
def test_images_of_any_type_are_interpolated_in_float32_or_wider(dtype):
    x = jnp.asarray([0, 7], dtype).reshape(1, 1, 2, 1)
    resized = legacy_resize(x, (1, 5))
    assert resized.dtype == jnp.promote_types(x.dtype, jnp.float32)
    np.testing.assert_allclose(resized.ravel(), [0, 2.8, 5.6, 7, 7], rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "size"), [((8, 8, 3), (4, 4)), ((1, 0, 8, 3), (4, 4)), ((1, 8, 8, 3), (0, 4))], ids=str
)
def test_other_shapes_are_refused(shape, size):
    with pytest.raises(ValueError, match="give images"):
        legacy_resize(jnp.zeros(shape), size)
