"""Test the continuous Bernoulli by quadrature and closed forms, and float32 against float64."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate

from jgen.decoders.heads import continuous_bernoulli as shipped

LOG_ODDS = np.array([0.0, 1e-12, 1e-4, 0.049, 0.051, 0.499, 0.501, 1.0, 3.0, 30.0])
LOG_ODDS = np.concatenate([-LOG_ODDS[::-1], LOG_ODDS])


def reference(log_odds):
    """Integrate exp(eta x), without its largest factor, to log Z, mean and variance."""
    top, powers = np.maximum(log_odds, 0), np.arange(3)[:, None]
    total, first, second = scipy.integrate.quad_vec(
        lambda x: x**powers * np.exp(log_odds * x - top), 0, 1, epsabs=0, epsrel=1e-13, norm="max"
    )[0]
    mean = first / total
    return top + np.log(total), mean, second / total - mean**2


def check(module):
    """Check log-density, moments and quantiles, in float64."""
    with jax.enable_x64(True), jax.numpy_rank_promotion("allow"):
        check_density(module)
        check_quantile(module)


def check_density(module):
    log_normaliser, mean, variance = reference(LOG_ODDS)
    p = module.ContinuousBernoulliLogits(jnp.asarray(LOG_ODDS))
    x = np.concatenate([np.linspace(0, 1, 7), [-1e-9, 1 + 1e-9, np.nan]])[:, None]
    log_prob, *moments = jax.jit(lambda p, x: (p.log_prob(x), p.mean, p.variance))(p, jnp.asarray(x))
    np.testing.assert_allclose(log_prob[:7], x[:7] * LOG_ODDS - log_normaliser, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(moments[0], mean, rtol=1e-9)
    np.testing.assert_allclose(moments[1], variance, rtol=1e-7)
    np.testing.assert_array_equal(log_prob[-3:, 0], [-np.inf, -np.inf, np.nan])


def check_quantile(module):
    """Check that the quantile inverts F, with derivative -F_eta / p, by implicit differentiation."""
    uniform, eta = np.linspace(0.001, 0.999, 9), -np.array([[1e-12], [0.049], [0.051], [1.0], [30.0]])
    u, logits = (jnp.asarray(x) for x in np.broadcast_arrays(uniform, eta))
    quantile = partial(module.falling_quantile, u)
    x, slope = map(np.asarray, jax.jit(lambda eta: jax.jvp(quantile, (eta,), (jnp.ones_like(eta),)))(logits))
    # The series ends before k eta^4 / 120, k = v (1 - 2 u)(1 - 12 v) < 0.13 the fifth cumulant.
    tolerance = 0.13 * module.VERY_NEAR**4 / 120
    np.testing.assert_allclose(x[0], uniform, atol=tolerance)
    np.testing.assert_allclose(slope[0], uniform * (1 - uniform) / 2, atol=4 / module.VERY_NEAR * tolerance)
    eta, x, slope = eta[1:], x[1:], slope[1:]
    top = np.expm1(eta)
    np.testing.assert_allclose(np.expm1(eta * x) / top, np.broadcast_to(uniform, x.shape), atol=tolerance)
    by_eta = x * np.exp(eta * x) / top - np.expm1(eta * x) * np.exp(eta) / top**2
    density = eta * np.exp(eta * x) / top
    np.testing.assert_allclose(slope, -by_eta / density, atol=4 / module.VERY_NEAR * tolerance)


def test_density_moments_and_quantiles():
    check(shipped)


@pytest.mark.usefixtures("x64")
def test_the_normaliser_is_that_of_the_paper_and_1_at_one_half():
    lam = np.array([0.1, 0.3, 0.7, 0.999])
    constant = 2 * np.arctanh(1 - 2 * lam) / (1 - 2 * lam)  # C of Loaiza-Ganem and Cunningham, eq. 8
    p = shipped.ContinuousBernoulliLogits(jnp.log(lam) - jnp.log1p(-lam))
    paper = np.log(constant) + 0.3 * np.log(lam) + 0.7 * np.log1p(-lam)
    log_prob = jax.jit(lambda p, x: p.log_prob(x))
    np.testing.assert_allclose(log_prob(p, jnp.full(4, 0.3)), paper, rtol=1e-10)
    half = shipped.ContinuousBernoulliLogits(jnp.zeros(4))
    assert (np.asarray(log_prob(half, jnp.array([0.0, 0.4, 0.7, 1.0]))) == 0).all()


def test_float32_equals_float64_to_rounding():
    """Value, mean, variance and their gradients, where series begin and end, and for large log-odds."""
    log_odds = np.concatenate([LOG_ODDS, [-1e4, 1e4, -1e6, 1e6]])
    x = np.linspace(0, 1, len(log_odds))

    def all_of(dtype):
        def values(logits):
            p = shipped.ContinuousBernoulliLogits(logits)
            return p.log_prob(jnp.asarray(x, dtype)), p.mean, p.variance

        logits = jnp.asarray(log_odds, dtype)
        found, slopes = jax.jit(lambda x: jax.jvp(values, (x,), (jnp.ones_like(x),)))(logits)
        return [np.asarray(leaf, float) for leaf in (*found, *slopes)]

    narrow = all_of(jnp.float32)
    with jax.enable_x64(True):
        wide = all_of(jnp.float64)
    # The variance is a difference of terms up to 1/NEAR^2 = 4, its slope one of terms up to 2/NEAR^3 = 16.
    eps = float(np.finfo(np.float32).eps)
    for got, want, terms in zip(narrow, wide, (4, 4, 4, 4, 4, 16), strict=True):
        np.testing.assert_allclose(got, want, rtol=8 * eps, atol=8 * terms * eps)
