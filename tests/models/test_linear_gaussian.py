"""Check log p(x) and posterior of the linear Gaussian decoder against other formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_digits

from jgen.models import linear_log_prob, linear_vae, ppca
from jgen.targets import linear_decoder
from tests.helpers.model_parts import random_params


@pytest.fixture(scope="module")
def digits():
    return load_digits().data / 16.0


def covariance(params):
    weight, scale = np.asarray(params["decoder"]["weight"]), np.exp(params["decoder"]["log_scale"])
    return weight @ weight.T + scale**2 * np.eye(len(weight))


def some_params(dim=5, latent=2, scale=0.3):
    params = random_params(linear_vae(dim, latent).init)
    params["decoder"]["bias"] = jnp.arange(dim) / 3.0
    params["decoder"]["log_scale"] = jnp.log(scale)
    return params


@pytest.mark.parametrize("latent", [2, 7])
def test_log_prob_is_that_of_the_marginal_normal(x64, latent, rng):  # noqa: ARG001
    params, x = some_params(latent=latent), rng.normal(size=(6, 5))
    truth = stats.multivariate_normal(np.arange(5) / 3, covariance(params)).logpdf(x)
    np.testing.assert_allclose(linear_log_prob(params, jnp.asarray(x)), truth, rtol=1e-10)


def test_log_prob_and_posterior_equal_those_of_the_target(x64, digits):  # noqa: ARG001
    """The target of samplers is a second implementation."""
    params, x = some_params(), jnp.asarray(digits[:3, 18:23])
    model = ppca(digits, 2).model
    posterior = model.encoder(params, x)
    decoder = params["decoder"]

    @jax.jit
    def truth(x):
        target = linear_decoder(x, decoder["weight"], decoder["bias"], jnp.exp(decoder["log_scale"]))
        return target.log_evidence, target.mean, target.variance

    found = linear_log_prob(params, x)[1], posterior.mean[1], posterior.variance[1]
    for mine, theirs in zip(found, truth(x[1]), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10)


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
