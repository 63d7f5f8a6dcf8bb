"""Extractors of DINOv2: their resize is Pillow's, and their features are of each image alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jgen.features import DINOv2, dinov2, dinov2_features
from jgen.features.dinov2 import SIZES, shapes_of
from jgen.features.dinov2_features import bicubic
from tests.helpers.extractor_checks import check_rows_alone

NARROW = DINOv2(dim=6, depth=1, num_heads=2, grid=3)


def params_of(module, value):
    return jax.tree.map(lambda leaf: value(leaf.shape).astype(np.float32), shapes_of(module))


def check_resize(resize, rng):
    for before, side in [((9, 7), 28), ((64, 50), 14), ((28, 28), 28)]:
        image = rng.uniform(size=(*before, 3)).astype(np.float32)
        pillow = [
            np.asarray(Image.fromarray(image[..., colour]).resize((side, side), Image.Resampling.BICUBIC))
            for colour in range(3)
        ]
        found = resize(jnp.asarray(image)[None], side)[0]
        np.testing.assert_allclose(found, np.stack(pillow, -1).clip(0, 1), rtol=0, atol=1e-6)


def test_images_are_resized_as_pillow_does(rng):
    check_resize(bicubic, rng)


def test_features_are_of_an_image_alone_and_bytes_equal_floats(rng):
    params = params_of(NARROW, lambda shape: rng.normal(size=shape))
    images = rng.integers(0, 256, (5, 9, 12, 3), np.uint8)
    extractor = dinov2_features(params, module=NARROW, side=28, batch_size=3)
    check_rows_alone(extractor, images)
    features = extractor(images)
    assert features.shape == (5, 6)
    np.testing.assert_allclose(extractor(images / 255), features, rtol=0, atol=1e-5 * np.abs(features).max())
    half = (images / 255).astype(np.float16)
    np.testing.assert_allclose(extractor(half), extractor(half.astype(np.float32)), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="rescale them"):
        extractor(images.astype(float))


def test_the_name_is_that_of_the_network_and_its_resolution():
    params = params_of(NARROW, np.zeros)
    assert dinov2_features(params, module=NARROW).name == "dinov2 of 1 blocks of 6"
    assert dinov2_features(params, module=NARROW, side=28).name == "dinov2 of 1 blocks of 6, 28 pixels"
    small = dinov2_features(params_of(dinov2("s"), np.zeros), module=dinov2("s"))
    assert (small.name, len(small.digest)) == ("dinov2-vit-s14", 12)
    assert len(SIZES) == 4


@pytest.mark.parametrize("side", [0, 32, -14])
def test_a_side_that_is_no_multiple_of_the_patch_is_refused(side):
    with pytest.raises(ValueError, match=f"side must be a positive multiple of 14; got {side}"):
        dinov2_features({}, module=NARROW, side=side)
