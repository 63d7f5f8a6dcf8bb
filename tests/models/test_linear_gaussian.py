"""Check log p(x) and posterior of the linear Gaussian decoder against other formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.models import linear_log_prob, linear_vae, ppca
from tests.helpers.model_parts import random_params


def covariance(params):
    weight, scale = np.asarray(params["decoder"]["weight"]), np.exp(params["decoder"]["log_scale"])
    return weight @ weight.T + scale**2 * np.eye(len(weight))


@pytest.mark.parametrize("latent", [2, 7])
def test_log_prob_is_that_of_the_marginal_normal(x64, latent, rng):  # noqa: ARG001
    params, x = random_params(linear_vae(5, latent).init), rng.normal(size=(6, 5))
    params["decoder"] |= {"bias": jnp.arange(5) / 3.0, "log_scale": jnp.log(0.3)}
    truth = stats.multivariate_normal(np.arange(5) / 3, covariance(params)).logpdf(x)
    np.testing.assert_allclose(linear_log_prob(params, jnp.asarray(x)), truth, rtol=1e-10)


def test_bayes_rule_holds_at_every_latent(x64, digits, broadcasting):  # noqa: ARG001
    """p(x) = p(x | z) p(z) / q(z | x) for whatever z, if and only if q is the exact posterior."""
    fit, x = ppca(digits, 10), jnp.asarray(digits[:4])

    @jax.jit
    def log_evidence(z):
        likelihood = fit.model.decoder(fit.params, z).log_prob(x)
        prior = fit.model.prior(fit.params).log_prob(z)
        return likelihood + prior - fit.model.encoder(fit.params, x).log_prob(z)

    z = 3.0 * np.random.default_rng(0).normal(size=(4, 10))
    np.testing.assert_allclose(log_evidence(z), linear_log_prob(fit.params, x), rtol=1e-9)


def test_float32_errors_are_a_few_roundings(digits):
    """Hundreds of nats are summed: an error of 1e-3 is some 30 roundings of the largest of them."""
    fit = ppca(digits, 10)
    assert fit.params["decoder"]["weight"].dtype == jnp.float32
    found = linear_log_prob(fit.params, jnp.asarray(digits, jnp.float32))
    exact = stats.multivariate_normal(digits.mean(0), covariance(jax.tree.map(np.float64, fit.params)))
    np.testing.assert_allclose(found, exact.logpdf(digits), atol=1e-3)
