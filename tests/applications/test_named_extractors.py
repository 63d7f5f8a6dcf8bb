"""Check extractors by name: what they are fitted to, and what they refuse."""

import jax
import numpy as np
import pytest

from jgen.applications import NEED_WEIGHTS, named_extractors
from jgen.errors import UsageError

KEY = jax.random.key(0)


def test_components_are_those_of_the_given_rows(rng):
    """Of 50 rows on a plane there are two; more than 20 are cut."""
    plane = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 5))
    extractor, labels = named_extractors("pca", plane, KEY)
    assert extractor.name == "pca-2"
    assert labels is None
    images = rng.normal(size=(50, 5, 5, 1))
    of_images = named_extractors("pca", images, KEY)[0]
    assert of_images.name == "pca-20"
    assert of_images(images).shape == (50, 20)
    np.testing.assert_allclose(
        np.linalg.norm(extractor(plane), axis=1), np.linalg.norm(plane - plane.mean(0), axis=1)
    )


def test_raw_and_random_convolution(rng):
    images = rng.uniform(size=(4, 8, 8, 3))
    assert named_extractors("raw", images, KEY)[0](images).shape == (4, 192)
    assert named_extractors("random-convolution", images, KEY)[0](images).shape == (4, 64)
    with pytest.raises(ValueError, match="random-convolution takes images"):
        named_extractors("random-convolution", images[..., 0], KEY)
    with pytest.raises(ValueError, match=r"constant|rank|equal"):
        named_extractors("pca", np.ones((5, 3)), KEY)


@pytest.mark.parametrize("name", NEED_WEIGHTS)
def test_missing_weights_say_where_to_get_them(tmp_path, name):
    with pytest.raises(UsageError, match=r"cannot read .*It is .* converted as the docstring"):
        named_extractors(name, np.zeros((1, 8, 8, 3)), KEY, str(tmp_path / "none.safetensors"))


@pytest.mark.slow
def test_the_classifier_of_digits_has_features_and_labels(rng):
    images = rng.uniform(size=(5, 8, 8, 1))
    extractor, labels = named_extractors("digits", images, KEY)
    assert extractor(images).shape == (5, 64)
    np.testing.assert_allclose(labels(images).sum(1), 1.0, rtol=1e-5)
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        labels(16 * images)
