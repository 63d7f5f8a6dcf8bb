"""Extractors of Inception: what they are called, and that their features are of each image alone."""

import jax
import numpy as np
import pytest
from scipy.special import softmax

from jgen.features import InceptionV3, digest_of, inception_features, inception_probabilities
from jgen.features.inception_v3 import shapes_of
from tests.helpers.extractor_checks import check_rows_alone

NARROW = InceptionV3(num_labels=7, reduction=16, side=75)


def random_params(module, rng):
    """Return random parameters that keep activations of order one."""

    def value(leaf):
        size = (2 * leaf.shape[-1] / leaf.size) ** 0.5 if len(leaf.shape) > 1 else 0.3
        return (size * rng.normal(size=leaf.shape)).astype(np.float32)

    return jax.tree.map(value, shapes_of(module))


def test_features_are_of_an_image_alone_and_bytes_equal_floats(rng):
    params, images = random_params(NARROW, rng), rng.integers(0, 256, (5, 9, 12, 3), np.uint8)
    extractor = inception_features(params, module=NARROW, batch_size=3)
    check_rows_alone(extractor, images)
    features = extractor(images)
    assert features.shape == (5, 128)
    close = {"rtol": 0, "atol": 1e-5 * np.abs(features).max()}
    np.testing.assert_allclose(extractor(images / 255), features, **close)
    probabilities = inception_probabilities(params, module=NARROW, batch_size=3)(images)
    np.testing.assert_allclose(probabilities, softmax(features @ params["fc"]["kernel"], 1), rtol=1e-3)
    assert np.abs(params["fc.bias"]).min() > 0.01  # which they leave out


def test_only_the_network_of_fid_has_its_name():
    params = jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.float32), shapes_of(InceptionV3()))
    extractor = inception_features(params)
    assert extractor.protocol == {"extractor": "inception-v3", "digest": digest_of(params)}
    assert inception_probabilities(params).name == "inception-v3-probabilities"
    with pytest.raises(ValueError, match="params are not those of this InceptionV3"):
        inception_features(params, module=NARROW)
    narrow = jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.float32), shapes_of(NARROW))
    name = inception_features(narrow, module=NARROW).name
    assert name == "inception-v3 of 7 labels, reduction 16, side 75"


def test_other_images_are_refused(rng):
    extractor = inception_features(random_params(NARROW, rng), module=NARROW)
    for images, words in [
        (np.zeros((2, 28, 28, 1)), "repeat a grey image three times"),
        (np.full((2, 32, 32, 3), 255.0), "rescale them"),
        (np.zeros((2, 32, 32, 3), int), "in uint8, 0 to 255, or in floats"),
        ([np.zeros((32, 32, 3)), np.zeros((28, 28, 3))], "rows of one shape"),
        ([np.full((8, 8, 3), 200, np.uint8), np.full((8, 8, 3), 0.5)], "these reach from 0.5 to 200"),
    ]:
        with pytest.raises(ValueError, match=words):
            extractor(images)
