"""Test the losses of the generative adversarial network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from jgen.objectives import gan
from tests.helpers.linear_critic import LINEAR
from tests.helpers.many_keys import assert_mean, outcomes


@pytest.mark.usefixtures("x64")
def test_the_optimal_critic_measures_the_jensen_shannon_divergence():
    """Data N(0, 1) against a model N(1, 1): the optimal critic is log p/q = 1/2 - x."""
    params = {"model": {"shift": jnp.ones(1)}, "critic": {"weight": -jnp.ones(1), "bias": jnp.array(0.5)}}

    def divergence(x):
        p, q = norm.pdf(x), norm.pdf(x, 1.0)
        return (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q))) / 2

    jensen_shannon = quad(divergence, -12, 13, epsabs=1e-12)[0]
    exact_real = quad(lambda x: norm.pdf(x) * np.logaddexp(0, x - 0.5), -12, 12, epsabs=1e-12)[0]
    _, aux = outcomes(gan(LINEAR), params, jnp.zeros((8, 1)))  # the real example 0 costs log(1 + e^-1/2)
    fake = aux["critic_loss"].mean(1) - np.logaddexp(0, -0.5)
    assert_mean(fake + exact_real, 2 * np.log(2) - 2 * jensen_shannon)
    constant = {"model": params["model"], "critic": {"weight": jnp.zeros(1), "bias": jnp.array(0.0)}}
    _, aux = jax.jit(gan(LINEAR))(constant, jnp.ones((3, 1)), jax.random.key(0))
    np.testing.assert_allclose(aux["critic_loss"], 2 * np.log(2), rtol=1e-12)
    np.testing.assert_allclose(aux["model_loss"], np.log(2), rtol=1e-12)
