"""Test the conditional likelihood against the cross-entropy."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest

from jgen.objectives import conditional_likelihood
from tests.helpers.linear_gaussian import data


def classes(params, x):
    return dist.Categorical(logits=x @ params)


@pytest.mark.usefixtures("x64")
def test_the_likelihood_of_labels_is_the_cross_entropy():
    params, x, labels = jnp.arange(18.0).reshape(6, 3) / 20, data(), jnp.array([0, 2, 1, 2])
    loss, aux = jax.jit(conditional_likelihood(classes))(params, (x, labels), jax.random.key(0))
    exact = -optax.softmax_cross_entropy_with_integer_labels(x @ params, labels)
    np.testing.assert_allclose(aux["log_prob"], exact, rtol=1e-12)
    np.testing.assert_allclose(loss, -exact.mean(), rtol=1e-12)
    with pytest.raises(TypeError, match="pair"):
        conditional_likelihood(classes)(params, x, jax.random.key(0))
    with pytest.raises(ValueError, match="conditional does not take an input"):
        conditional_likelihood(classes)(params, (x[:, :4], labels), jax.random.key(0))
