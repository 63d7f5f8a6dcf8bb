"""Test maximum likelihood against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.objectives import maximum_likelihood
from tests.helpers.many_keys import with_gradient

X = np.array([[0.5, -1.0], [2.0, 0.0], [-1.5, 3.0], [4.0, 1.0]])


def independent_normal(params):
    return dist.Normal(params[0], jnp.exp(params[1])).to_event(1)


def test_loss_and_gradient_equal_the_closed_form(x64):  # noqa: ARG001
    mean, sd = np.array([0.3, -0.2]), np.array([1.5, 0.7])
    objective = maximum_likelihood(independent_normal)
    (loss, aux), (grad_mean, grad_log_sd) = with_gradient(objective, (mean, np.log(sd)), X)
    z = (X - mean) / sd
    log_prob = (-0.5 * z**2 - np.log(sd) - 0.5 * np.log(2 * np.pi)).sum(-1)
    np.testing.assert_allclose(aux["log_prob"], log_prob, rtol=1e-13)
    np.testing.assert_allclose(loss, -log_prob.mean(), rtol=1e-13)
    np.testing.assert_allclose(grad_mean, -(z / sd).mean(0), rtol=1e-12)
    np.testing.assert_allclose(grad_log_sd, 1 - (z**2).mean(0), rtol=1e-12)


@pytest.mark.parametrize(
    ("distribution_of", "batch", "error", "words"),
    [
        (dist.Normal(0.0, 1.0), jnp.ones(3), TypeError, "must be a function"),
        (lambda loc: dist.Normal(loc * jnp.ones(2), 1.0), jnp.ones((3, 2)), ValueError, "to_event"),
        (lambda loc: dist.Normal(loc * jnp.ones(2), 1.0).to_event(1), jnp.ones((3, 4)), ValueError, "got"),
    ],
)
def test_functions_and_batches_that_do_not_fit_are_refused(distribution_of, batch, error, words):
    with pytest.raises(error, match=words):
        maximum_likelihood(distribution_of)(0.0, batch, jax.random.key(0))


def test_nan_data_and_whole_numbers():
    """Data that are NaN have no likelihood; differences of uint8 have no sign."""
    objective = maximum_likelihood(lambda params: dist.Normal(params, 1.0).to_event(1))
    params, whole = jnp.array([2, 2], jnp.uint8), jnp.array([[0, 1]], jnp.uint8)
    loss = objective(params, whole, jax.random.key(0))[0]
    np.testing.assert_allclose(loss, 2.5 + np.log(2 * np.pi), rtol=1e-6)
    assert jnp.isnan(objective(jnp.zeros(2), jnp.array([[0.0, jnp.nan]]), jax.random.key(0))[0])
