"""The continuous Bernoulli against quadrature and closed forms, and in float32 against itself in float64."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate

from jgen.decoders.heads import continuous_bernoulli as shipped
from tests.helpers.mutant import Bug, plant

LOG_ODDS = np.array([0.0, 1e-12, 1e-4, 0.049, 0.051, 0.499, 0.501, 1.0, 3.0, 30.0])
LOG_ODDS = np.concatenate([-LOG_ODDS[::-1], LOG_ODDS])


def reference(log_odds):
    """log Z, mean and variance of each by adaptive quadrature, of exp(eta x) without its largest factor."""
    rows = []
    for eta in log_odds:
        top = max(eta, 0.0)
        moments = [
            scipy.integrate.quad(lambda x, k=k: x**k * np.exp(eta * x - top), 0, 1, epsabs=0, epsrel=1e-12)[0]  # noqa: B023
            for k in range(3)
        ]
        mean = moments[1] / moments[0]
        rows.append((top + np.log(moments[0]), mean, moments[2] / moments[0] - mean**2))
    return np.array(rows).T


@jax.jit
def told(law, x):
    return law.log_prob(x), law.mean, law.variance


def check(module):
    """All there is to say of it, in float64."""
    log_normaliser, mean, variance = reference(LOG_ODDS)
    law = module.ContinuousBernoulliLogits(jnp.asarray(LOG_ODDS))
    x = np.concatenate([np.linspace(0, 1, 7), [-1e-9, 1 + 1e-9, np.nan]])[:, None]
    log_prob, told_mean, told_variance = told(law, jnp.asarray(x))
    truth = x[:7] * LOG_ODDS - log_normaliser
    np.testing.assert_allclose(log_prob[:7], truth, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(told_mean, mean, rtol=1e-9)
    np.testing.assert_allclose(told_variance, variance, rtol=1e-7)
    assert (np.asarray(log_prob[-3:]) == -np.inf).all()
    inverse(module)


def inverse(module):
    """The inverse of F undoes F; its derivative is -F_eta / p, by implicit differentiation."""
    uniform, eta = np.linspace(0.001, 0.999, 9), -np.array([[1e-12], [0.049], [0.051], [1.0], [30.0]])
    u, logits = (jnp.asarray(x) for x in np.broadcast_arrays(uniform, eta))
    quantile = jax.jit(
        lambda logits: jax.jvp(lambda x: module.falling_quantile(u, x), (logits,), (jnp.ones_like(logits),))
    )
    x, slope = (np.asarray(leaf) for leaf in quantile(logits))
    # The series ends before k eta^4 / 120, k = v (1 - 2 u)(1 - 12 v) < 0.13 the fifth cumulant of a flip.
    tolerance = 0.13 * module.VERY_NEAR**4 / 120
    np.testing.assert_allclose(x[0], uniform, atol=tolerance)
    np.testing.assert_allclose(slope[0], uniform * (1 - uniform) / 2, atol=4 / module.VERY_NEAR * tolerance)
    eta, x, slope = eta[1:], x[1:], slope[1:]
    top = np.expm1(eta)
    np.testing.assert_allclose(np.expm1(eta * x) / top, np.broadcast_to(uniform, x.shape), atol=tolerance)
    by_eta = x * np.exp(eta * x) / top - np.expm1(eta * x) * np.exp(eta) / top**2
    density = eta * np.exp(eta * x) / top
    np.testing.assert_allclose(slope, -by_eta / density, atol=4 / module.VERY_NEAR * tolerance)


@pytest.mark.usefixtures("x64", "broadcasting")
def test_it_is_the_continuous_bernoulli():
    check(shipped)


@pytest.mark.usefixtures("x64")
def test_at_one_half_it_is_uniform_and_the_normaliser_is_that_of_the_paper():
    lam = np.array([0.1, 0.3, 0.7, 0.999])
    constant = 2 * np.arctanh(1 - 2 * lam) / (1 - 2 * lam)  # C of Loaiza-Ganem and Cunningham, eq. 8
    law = shipped.ContinuousBernoulliLogits(jnp.log(lam) - jnp.log1p(-lam))
    paper = np.log(constant) + 0.3 * np.log(lam) + 0.7 * np.log1p(-lam)
    np.testing.assert_allclose(law.log_prob(jnp.full(4, 0.3)), paper, rtol=1e-10)
    half = shipped.ContinuousBernoulliLogits(jnp.zeros(3))
    assert (np.asarray(half.log_prob(jnp.array([0.0, 0.4, 1.0]))) == 0).all()


def test_float32_keeps_what_float64_says():
    """Value, mean, variance and their gradients near the seams of the series and far out, to rounding."""
    log_odds = np.concatenate([LOG_ODDS, [-1e4, 1e4, -1e6, 1e6]])
    x = np.linspace(0, 1, len(log_odds))

    def all_of(dtype):
        def judged(logits):
            law = shipped.ContinuousBernoulliLogits(logits)
            return law.log_prob(jnp.asarray(x, dtype)), law.mean, law.variance

        logits = jnp.asarray(log_odds, dtype)
        values, slopes = jax.jit(lambda x: jax.jvp(judged, (x,), (jnp.ones_like(x),)))(logits)
        return [np.asarray(leaf, float) for leaf in (*values, *slopes)]

    narrow = all_of(jnp.float32)
    with jax.enable_x64(True):
        wide = all_of(jnp.float64)
    # The variance is a difference of terms up to 1/NEAR^2 = 4, its slope one of terms up to 2/NEAR^3 = 16.
    eps = float(np.finfo(np.float32).eps)
    for got, want, terms in zip(narrow, wide, (4, 4, 4, 4, 4, 16), strict=True):
        np.testing.assert_allclose(got, want, rtol=8 * eps, atol=8 * terms * eps)


bug = partial(Bug, "decoders.heads.continuous_bernoulli")
BUGS = {
    "the normaliser dropped": bug("logits * (value - 0.5) - series, far)", "logits * value, logits * value)"),
    "the series of log Z with a sign turned": bug("square * (1 / 24 - square", "square * (1 / 24 + square"),
    "the wrong end": bug(
        "size * jnp.where(logits < 0, value, 1 - value)",
        "size * jnp.where(logits > 0, value, 1 - value)",
    ),
    "a quantile of the other tail": bug(
        "jnp.log1p(uniform * jnp.expm1(away))",
        "jnp.log1p((1 - uniform) * jnp.expm1(away))",
    ),
    "values above 1 let in": bug("(value >= 0) & (value <= 1)", "(value >= 0)"),
    "the quantile's series cut short": bug(
        "eta / 3 * (v * (1 - 2 * uniform)",
        "eta / 3 * (0 * (1 - 2 * uniform)",
    ),
}


@pytest.mark.slow
@pytest.mark.usefixtures("x64", "broadcasting")
@pytest.mark.parametrize("name", BUGS)
def test_planted_bugs_are_caught(kills, name):
    module = plant(BUGS[name])
    with kills(f"continuous Bernoulli: {name}", error=AssertionError):
        check(module)
