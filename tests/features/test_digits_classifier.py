"""Test the classifier of digits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.features import DigitsClassifier, digest_of, digits_classifier_features, penultimate
from jgen.models.flax_functions import apply_of, init_of
from tests.helpers.extractor_checks import check_rows_alone
from tests.helpers.model_parts import random_params

CLASSIFIER = DigitsClassifier(widths=(6, 4), num_labels=3)


def test_logits_are_linear_in_the_features(rng):
    x = jnp.asarray(rng.uniform(size=(5, 8, 8, 1)), jnp.float32)
    params = random_params(init_of(CLASSIFIER, x))
    features = penultimate(CLASSIFIER)(params, x)
    assert features.shape == (5, 4)
    logits = features @ params["logits"]["kernel"] + params["logits"]["bias"][None]
    found = apply_of(CLASSIFIER)(params, x)
    np.testing.assert_allclose(found.log_prob(jnp.zeros(5, int)), jax.nn.log_softmax(logits)[:, 0], rtol=1e-5)


def test_images_without_channels_are_refused():
    with pytest.raises(ValueError, match="batch, height, width, channel"):
        jax.eval_shape(init_of(CLASSIFIER, jnp.zeros((5, 8, 8))), jax.random.key(0))


def test_the_extractor_has_the_features_of_the_classifier(rng):
    x = rng.uniform(size=(5, 8, 8, 1)).astype(np.float32)
    params = random_params(init_of(CLASSIFIER, x))
    extractor = digits_classifier_features(CLASSIFIER, params)
    np.testing.assert_allclose(extractor(x), penultimate(CLASSIFIER)(params, x), rtol=1e-5, atol=1e-6)
    check_rows_alone(extractor, x)
    assert extractor.protocol == {"extractor": "digits-classifier", "digest": digest_of(params)}


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((4, 8, 8)), r"of 64 pixels; got \(4, 8, 8\)"),
        (np.zeros((4, 8, 8, 3)), "of 64 pixels; got"),
        (np.full((4, 8, 8, 1), 16.0), "these reach from 16 to 16"),
        (np.ones((4, 8, 8, 1), np.uint8), "takes floats in .0, 1.; got uint8"),
    ],
    ids=["axes", "channels", "range", "grey levels"],
)
def test_the_extractor_refuses_other_images(images, words):
    params = random_params(init_of(CLASSIFIER, jnp.zeros((5, 8, 8, 1))))
    with pytest.raises(ValueError, match=words):
        digits_classifier_features(CLASSIFIER, params)(images)


@pytest.mark.parametrize("params", [{}, None, {"hidden_0": {"kernel": np.zeros((64, 5))}}], ids=str)
def test_parameters_of_another_classifier_are_refused(params):
    with pytest.raises(ValueError, match="params are not those of DigitsClassifier"):
        digits_classifier_features(CLASSIFIER, params)
