"""Check the Kullback-Leibler divergence: closed forms, zeros and Monte Carlo."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.distributions import affine, bernoulli, categorical, kl, mixture
from tests.helpers.gaussian_spaces import parts, spaces


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", ["diagonal", "full"])
@pytest.mark.parametrize("other", ["diagonal", "full"])
def test_gaussians(name, other):
    """Compare with the formula, between Gaussians of either form."""
    p, q = spaces()[name], affine(spaces()[other], 0.5, 1.5)
    (m, s), (n, r) = ((each[0] for each in parts(which)[1:]) for which in (name, other))
    n, r = 1.5 * n + 0.5, 2.25 * r
    precision, log_ratio = np.linalg.inv(r), np.linalg.slogdet(r)[1] - np.linalg.slogdet(s)[1]
    truth = (np.trace(precision @ s) + (n - m) @ precision @ (n - m) - 3 + log_ratio) / 2
    found = kl(p, q)
    np.testing.assert_allclose([found.value, found.low, found.high], truth, atol=1e-8)
    assert found.n == 0


def test_zeros():
    p, q = categorical(probs=[0.5, 0.5, 0.0]), categorical(probs=[0.25, 0.5, 0.25])
    np.testing.assert_allclose(kl(p, q).value, 0.5 * np.log(2), rtol=1e-6)
    assert kl(q, p).value == jnp.inf
    certain, coin = bernoulli(probs=1.0), bernoulli(probs=0.5)
    np.testing.assert_allclose(kl(certain, coin).value, np.log(2), rtol=1e-6)
    assert kl(coin, certain).value == jnp.inf


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_monte_carlo_interval_covers_the_truth():
    """Compare with quadrature; the interval, widened to 4.9 standard errors, misses once in 1e6."""
    p = mixture([0.3, 0.7], dist.Normal(jnp.array([-2.0, 1.0]), jnp.array([0.5, 1.0])))
    q = dist.Cauchy(0.0, 1.0)
    grid = jnp.linspace(-12.0, 12.0, 20_001)
    log_p, log_q = jax.vmap(p.log_prob)(grid), jax.vmap(q.log_prob)(grid)
    truth = float((jnp.exp(log_p) * (log_p - log_q)).sum() * (grid[1] - grid[0]))
    found = kl(p, q, key=jax.random.key(4), num_samples=10_000)
    assert (found.n, found.method) == (10_000, "Monte Carlo")
    error = (found.high - found.low) / (2 * 1.96)
    assert abs(found.value - truth) < 4.9 * error
    sd = np.sqrt(float((jnp.exp(log_p) * (log_p - log_q) ** 2).sum() * (grid[1] - grid[0])) - truth**2)
    assert abs(error * 100 / sd - 1) < 0.15  # the standard error itself, whose own error is about 1 %


def test_monte_carlo_detects_missing_support():
    found = kl(dist.Laplace(0.0, 1.0), dist.HalfNormal(1.0), key=jax.random.key(0), num_samples=100)
    assert found.value == found.low == found.high == jnp.inf


def test_uses_numpyros_table():
    found = kl(dist.Gamma(2.0, 1.0), dist.Gamma(3.0, 2.0))
    assert found.method == "closed form"
    assert found.value > 0
