"""Probabilistic PCA and the linear VAE: everything about them has a closed form, or a second one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_digits

from jgen.models import linear_log_prob, linear_vae, pca, ppca
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


def test_log_prob_and_posterior_are_those_of_the_target(x64, digits):  # noqa: ARG001
    """A second implementation, which judges samplers."""
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


@pytest.mark.parametrize("latent_dim", [1, 10, 40])
def test_the_optimum_from_eigenvalues_is_the_mean_log_prob(x64, digits, latent_dim):  # noqa: ARG001
    fit = ppca(digits, latent_dim)
    np.testing.assert_allclose(
        linear_log_prob(fit.params, jnp.asarray(digits)).mean(), fit.log_likelihood, rtol=1e-10
    )


def test_no_parameters_near_it_are_more_likely(x64, digits):  # noqa: ARG001
    fit, rows = ppca(digits, 10), jnp.asarray(digits)

    @jax.jit
    @jax.value_and_grad
    def log_likelihood(decoder):
        return linear_log_prob({"decoder": decoder}, rows).mean()

    decoder = fit.params["decoder"]
    _, slope = log_likelihood(decoder)
    assert max(jnp.abs(leaf).max() for leaf in jax.tree.leaves(slope)) < 1e-9
    rng = np.random.default_rng(0)
    for _ in range(5):
        moved = jax.tree.map(lambda leaf: np.asarray(leaf) + 0.01 * rng.normal(size=leaf.shape), decoder)
        assert log_likelihood(moved)[0] < fit.log_likelihood


def test_columns_lie_along_the_principal_directions(x64, digits):  # noqa: ARG001
    fit, directions = ppca(digits, 6), pca(digits, 6)
    weight, noise = fit.params["decoder"]["weight"], np.exp(2 * fit.params["decoder"]["log_scale"])
    np.testing.assert_allclose(
        weight, directions.components.T * np.sqrt(directions.variances - noise)[None], atol=1e-9
    )
    np.testing.assert_allclose(noise, directions.rest / 58, rtol=1e-9)


def test_in_float32_it_is_right_to_seven_digits(digits):
    """Hundreds of nats are summed: an error of 1e-3 is some 30 roundings of the largest of them."""
    fit = ppca(digits, 10)
    assert fit.params["decoder"]["weight"].dtype == jnp.float32
    found = linear_log_prob(fit.params, jnp.asarray(digits, jnp.float32))
    exact = stats.multivariate_normal(digits.mean(0), covariance(jax.tree.map(np.float64, fit.params)))
    np.testing.assert_allclose(found, exact.logpdf(digits), atol=1e-3)


def test_what_was_known_of_the_digits():
    """KNOWN_ANSWERS: 21.035 nats for some four fifths of the digits, dequantised, on [0, 1]; 10 latents.

    Which rows and which noise is not recorded. Over random four fifths and noises the optimum has a standard
    deviation of about 0.07 (measured below), so it must lie within 4 of them of their mean.
    """
    rng, grey = np.random.default_rng(0), load_digits().data
    found = []
    for _ in range(12):
        rows = rng.permutation(grey)[:1437]
        found.append(float(ppca((rows + rng.random(rows.shape)) / 17, 10).log_likelihood))
    assert abs(np.mean(found) - 21.035) < 4 * np.std(found, ddof=1)
    assert np.std(found) < 0.2


def test_the_linear_vae_can_hold_the_optimum_of_ppca(x64, digits):  # noqa: ARG001
    """The columns of W are orthogonal, so the posterior is diagonal and linear in x: an encoder can be it."""
    fit, x = ppca(digits, 3), jnp.asarray(digits[:5])
    model = linear_vae(64, 3)
    posterior = fit.model.encoder(fit.params, x)
    precision = np.asarray(fit.params["decoder"]["weight"]) / np.exp(2 * fit.params["decoder"]["log_scale"])
    weight = np.asarray(posterior.covariance_matrix[0]) @ precision.T
    bias = -weight @ np.asarray(fit.params["decoder"]["bias"])
    encoder = {"weight": weight, "bias": bias, "log_scale": jnp.log(posterior.variance[0]) / 2}
    params = fit.params | {"encoder": jax.tree.map(jnp.asarray, encoder)}
    found = model.encoder(params, x)
    np.testing.assert_allclose(found.mean, posterior.mean, atol=1e-9)
    np.testing.assert_allclose(found.variance, posterior.variance, rtol=1e-9)
    assert jax.tree.structure(params) == jax.tree.structure(random_params(model.init))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ppca(np.eye(4), 3), "between 1 and 2, below the rank 3"),
        (lambda: ppca(np.eye(4), 0), "between 1 and 2"),
        (lambda: ppca(np.ones((3, 2, 2)), 1), "table"),
        (lambda: linear_vae(0, 2), "at least 1"),
        (lambda: linear_vae(2, 0), "at least 1"),
    ],
)
def test_mistakes_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
