"""Test the classifier of digits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.features import DigitsClassifier, penultimate
from jgen.models.flax_functions import apply_of, init_of
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
