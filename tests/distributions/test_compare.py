"""Divergences and distances: against scipy, closed forms of other shape, and quadrature."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.linalg

from jgen.distributions import bernoulli, categorical, gaussian, kl, mixture, total_variation, wasserstein2

RNG = np.random.default_rng(2)
MEANS, SCALES = RNG.normal(size=(2, 3)), RNG.uniform(0.5, 2.0, size=(2, 3))
ROOTS = RNG.normal(size=(2, 3, 3))
COVARIANCES = ROOTS @ np.swapaxes(ROOTS, 1, 2) + 0.3 * np.eye(3)


def pairs():
    """Diagonal and full, each against each, with the covariances they mean."""
    diagonals = [(gaussian(m, scale=s), m, np.diag(s**2)) for m, s in zip(MEANS, SCALES, strict=True)]
    fulls = [(gaussian(m, covariance=c), m, c) for m, c in zip(MEANS, COVARIANCES, strict=True)]
    return [(a, b) for a in (diagonals[0], fulls[0]) for b in (diagonals[1], fulls[1])]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("which", range(4))
def test_gaussians(which):
    (p, m, s), (q, n, r) = pairs()[which]
    _, log_det_s = np.linalg.slogdet(s)
    _, log_det_r = np.linalg.slogdet(r)
    precision = np.linalg.inv(r)
    truth = (np.trace(precision @ s) + (n - m) @ precision @ (n - m) - 3 + log_det_r - log_det_s) / 2
    found = kl(p, q)
    np.testing.assert_allclose([found.value, found.low, found.high], truth, atol=1e-8)
    assert found.n == 0
    root = scipy.linalg.sqrtm(s)
    bures = np.trace(s + r - 2 * scipy.linalg.sqrtm(root @ r @ root).real)
    np.testing.assert_allclose(wasserstein2(p, q).value ** 2, np.sum((m - n) ** 2) + bures, atol=1e-8)


@pytest.mark.usefixtures("x64")
def test_wasserstein_loses_no_digits_between_neighbours():
    """The trace formula would leave 1e-8; and the gradient does not mind equal singular values."""
    p = gaussian(np.zeros(3), covariance=COVARIANCES[0])
    assert wasserstein2(p, p).value < 1e-14
    moved = gaussian(np.zeros(3), covariance=COVARIANCES[0] * (1 + 1e-9) ** 2)
    np.testing.assert_allclose(
        wasserstein2(p, moved).value, 1e-9 * np.sqrt(np.trace(COVARIANCES[0])), rtol=1e-4
    )

    def distance(size):
        ball = gaussian(jnp.zeros(3), scale_tril=size * jnp.eye(3))
        return wasserstein2(gaussian(jnp.zeros(3), covariance=jnp.eye(3)), ball).value

    np.testing.assert_allclose(jax.grad(distance)(2.0), np.sqrt(3), atol=1e-10)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("kind", ["probs", "logits"])
def test_discrete(kind):
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.6, 0.3])
    laws = [categorical(**{kind: x if kind == "probs" else np.log(x) + 2}) for x in (p, q)]
    np.testing.assert_allclose(kl(*laws).value, np.sum(p * np.log(p / q)), atol=1e-10)
    np.testing.assert_allclose(total_variation(*laws).value, 0.4, atol=1e-10)
    bits = [bernoulli(**{kind: x if kind == "probs" else np.log(x / (1 - x))}, event_dim=1) for x in (p, q)]
    truth = np.sum(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))
    np.testing.assert_allclose(kl(*bits).value, truth, atol=1e-10)
    scalars = [bernoulli(probs=x[0]) for x in (p, q)]
    np.testing.assert_allclose(total_variation(*scalars).value, 0.4, atol=1e-10)


def test_kl_with_zeros():
    p, q = categorical(probs=[0.5, 0.5, 0.0]), categorical(probs=[0.25, 0.5, 0.25])
    np.testing.assert_allclose(kl(p, q).value, 0.5 * np.log(2), rtol=1e-6)
    assert kl(q, p).value == jnp.inf
    certain, coin = bernoulli(probs=1.0), bernoulli(probs=0.5)
    np.testing.assert_allclose(kl(certain, coin).value, np.log(2), rtol=1e-6)
    assert kl(coin, certain).value == jnp.inf


def test_kl_by_monte_carlo_covers_the_truth():
    """The truth by quadrature; the interval, widened to 4.9 standard errors, misses once in 1e6."""
    p, q = (
        mixture([0.3, 0.7], dist.Normal(jnp.array([-2.0, 1.0]), jnp.array([0.5, 1.0]))),
        dist.Cauchy(0.0, 1.0),
    )
    grid = jnp.linspace(-12.0, 12.0, 20_001)
    log_p, log_q = jax.vmap(p.log_prob)(grid), jax.vmap(q.log_prob)(grid)
    truth = float((jnp.exp(log_p) * (log_p - log_q)).sum() * (grid[1] - grid[0]))
    found = kl(p, q, key=jax.random.key(4), num_samples=10_000)
    assert found.n == 10_000
    assert found.method == "Monte Carlo"
    error = (found.high - found.low) / (2 * 1.96)
    assert abs(found.value - truth) < 4.9 * error
    sd = np.sqrt(float((jnp.exp(log_p) * (log_p - log_q) ** 2).sum() * (grid[1] - grid[0])) - truth**2)
    assert abs(error * 100 / sd - 1) < 0.15  # the standard error itself, whose own error is about 1 %


def test_kl_by_monte_carlo_sees_missing_support():
    found = kl(dist.Laplace(0.0, 1.0), dist.HalfNormal(1.0), key=jax.random.key(0), num_samples=100)
    assert found.value == found.low == found.high == jnp.inf


def test_kl_uses_numpyros_table():
    found = kl(dist.Gamma(2.0, 1.0), dist.Gamma(3.0, 2.0))
    assert found.method == "closed form"
    assert found.value > 0


BAD = [
    (ValueError, "no closed form: pass key=", lambda: kl(dist.Normal(), dist.Cauchy())),
    (ValueError, "pass key=", lambda: kl(dist.Normal(), dist.Cauchy(), key=jax.random.key(0), num_samples=1)),
    (ValueError, "events", lambda: kl(dist.Normal(), gaussian(np.zeros(2), scale=1.0))),
    (ValueError, "categories", lambda: kl(categorical(probs=[1.0]), categorical(probs=[0.5, 0.5]))),
    (TypeError, "closed form for Cauchy", lambda: wasserstein2(dist.Cauchy(), dist.Normal())),
    (ValueError, "one space", lambda: wasserstein2(dist.Normal(), gaussian(np.zeros(2), scale=1.0))),
    (TypeError, "closed form for Poisson", lambda: total_variation(dist.Poisson(1.0), dist.Poisson(1.0))),
    (ValueError, "outcomes", lambda: total_variation(categorical(probs=[1.0]), bernoulli(probs=0.5))),
]


@pytest.mark.parametrize(("error", "message", "call"), BAD)
def test_what_cannot_be_compared_says_so(error, message, call):
    with pytest.raises(error, match=message):
        call()
