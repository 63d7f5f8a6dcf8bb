"""Covariance, E-BFMI and nested R-hat: the arithmetic of stored draws, and what it can and cannot see."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen import diagnostics
from jgen.sampling.reducers import bfmi, covariance, moments, nested_rhat
from jgen.types import DrawKind, Draws
from tests.helpers.mutant import plant
from tests.helpers.random_keys import fresh_key
from tests.helpers.reducer_folds import run
from tests.mutants.reducers import FOLD_BUGS

EPS = float(np.finfo(np.float32).eps)


def mixed(num_draws=200, num_chains=5):
    """Correlated coordinates of two leaves ``[draw, chain, ...]``, one of them an integer, far from 0."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(num_draws, num_chains, 3))
    return {
        "far": (1000 + x @ np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -2.0], [0.0, 0.0, 0.3]])).astype(np.float32),
        "near": np.round(3 * x[..., 0] + rng.normal(size=x.shape[:2])).astype(int),
    }


def rows_of(value):
    rows = [leaf.reshape(*leaf.shape[:2], -1) for leaf in jax.tree.leaves(value)]
    return np.concatenate(rows, axis=2).astype(np.float64)


def check_covariance(make, log_weight):
    """Each product is right to the rounding of its factors; means are in sums of two floats."""
    value = mixed()
    law = DrawKind.MARKOV if log_weight is None else DrawKind.WEIGHTED
    result = run(make(), Draws(value, {}, log_weight, law))
    rows = rows_of(value).reshape(-1, 4)
    weight = (
        np.ones(len(rows))
        if log_weight is None
        else np.exp(np.float64(log_weight - log_weight.max())).ravel()
    )
    weight /= weight.sum()
    mean = weight @ rows
    centred = rows - mean
    exact = (weight[:, None] * centred).T @ centred / (1 - weight @ weight)
    scale = np.sqrt(np.diag(exact))
    units = scale[:, None] * scale
    np.testing.assert_allclose(result.mean, mean, rtol=8 * EPS, atol=100 * EPS)
    np.testing.assert_allclose(np.asarray(result.covariance) / units, exact / units, atol=1e3 * EPS)
    np.testing.assert_allclose(result.ess, 1 / (weight @ weight), rtol=1e-4)


def rising_weights():
    """Log-weights that rise and fall by tens of nats on the way, so that old sums must be faded."""
    return (8 * np.random.default_rng(5).normal(size=(200, 5)).cumsum(0) / 14).astype(np.float32)


@pytest.mark.parametrize("log_weight", [None, rising_weights()], ids=["equal weights", "weights"])
def test_covariance_equals_that_of_stored_draws(log_weight):
    check_covariance(covariance, log_weight)


def test_covariance_has_the_moments_on_its_diagonal():
    draws = Draws(mixed(), {}, None, DrawKind.MARKOV)
    ours, theirs = run(covariance(), draws), run(moments(), draws)
    variance = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(theirs.variance)])
    np.testing.assert_allclose(np.diag(ours.covariance), variance, rtol=1e3 * EPS)


def test_covariance_of_particles_and_of_no_weight():
    """Particles of a population are rows; those of weight zero do not count, even if they are NaN."""
    value = np.arange(24.0, dtype=np.float32).reshape(3, 2, 2, 2) ** 2  # [draw, chain, particle, dim]
    log_weight = np.zeros((3, 2, 2), np.float32)
    log_weight[0] = log_weight[1, 0, 1] = -np.inf
    value[1, 0, 1] = np.nan
    result = run(covariance(), Draws(value, {}, log_weight, DrawKind.ENSEMBLE))
    kept = value.reshape(-1, 2)[np.isfinite(log_weight).ravel()].astype(np.float64)
    np.testing.assert_allclose(result.covariance, np.cov(kept.T), rtol=100 * EPS)
    assert result.ess == len(kept)


def test_covariance_does_not_drift():
    """2^18 steps of float32 far from 0: plain running sums would lose all digits of the product."""
    draw = np.arange(2**18)
    value = np.stack([1e4 + draw % 4, 1e4 + (draw % 4 == 0), draw % 3], 1)[:, None].astype(np.float32)
    result = run(covariance(), Draws(value, {}, None, DrawKind.MARKOV))
    exact = np.cov(value[:, 0].T.astype(np.float64))
    np.testing.assert_allclose(result.covariance, exact, rtol=64 * EPS, atol=64 * EPS)


def energies():
    rng = np.random.default_rng(7)
    return (
        500 + rng.normal(size=(300, 4)).cumsum(0) * np.array([0.1, 1.0, 0.0, 3.0]) + rng.normal(size=(300, 4))
    ).astype(np.float32)


def check_bfmi(make):
    energy = energies()
    result = run(make(), Draws(energy, {"energy": energy}, None, DrawKind.MARKOV))
    np.testing.assert_allclose(result, diagnostics.bfmi(energy.T), rtol=300 * EPS)


def test_bfmi_equals_that_of_stored_energies():
    check_bfmi(bfmi)
    one = energies()[:1]
    assert np.isnan(run(bfmi(), Draws(one, {"energy": one}, None, DrawKind.MARKOV))).all()
    with pytest.raises(ValueError, match="needs the energy"):
        run(bfmi(), Draws(one, {"lp": one}, None, DrawKind.MARKOV))


def by_hand(value, num_superchains):
    """Margossian et al. (2024), equations of section 2, in float64, of draws ``[draw, chain]``."""
    parts = np.asarray(value, np.float64).T.reshape(
        num_superchains, -1, len(value)
    )  # [superchain, chain, draw]
    within = parts.var(axis=2, ddof=1).mean(1) if len(value) > 1 else 0.0
    means = parts.mean(2)
    apart = means.var(axis=1, ddof=1) if parts.shape[1] > 1 else 0.0
    return np.sqrt(1 + means.mean(1).var(ddof=1) / np.mean(within + apart))


def check_nested(make):
    rng = np.random.default_rng(9)
    for num_draws, num_superchains, size in ((3, 4, 6), (40, 8, 1)):
        starts = 1e4 + rng.normal(size=num_superchains).repeat(size)
        value = (starts + rng.normal(size=(num_draws, num_superchains * size))).astype(np.float32)
        result = run(make(num_superchains), Draws({"x": value}, {}, None, DrawKind.MARKOV))
        np.testing.assert_allclose(result["x"], by_hand(value, num_superchains), rtol=1e3 * EPS)


def test_nested_rhat_equals_that_of_stored_draws():
    check_nested(nested_rhat)


@pytest.mark.parametrize("name", FOLD_BUGS)
def test_planted_bugs_are_caught(name, kills):
    module = plant(FOLD_BUGS[name])
    with kills(name, error=AssertionError):
        if "covariance" in name:
            check_covariance(module.covariance, rising_weights())
        elif "bfmi" in name:
            check_bfmi(module.bfmi)
        else:
            check_nested(module.nested_rhat)


def test_nested_rhat_of_one_exact_draw():
    """Where all have forgotten, M (R^2 - 1) is Fisher's F of K - 1 and K (M - 1) degrees of freedom."""
    num_superchains, size = 16, 64
    value = jax.random.normal(fresh_key(), (1, num_superchains * size))
    ratio = size * (
        float(run(nested_rhat(num_superchains), Draws(value, {}, None, DrawKind.MARKOV))) ** 2 - 1
    )
    law = stats.f(num_superchains - 1, num_superchains * (size - 1))
    assert law.ppf(5e-7) <= ratio <= law.isf(5e-7)


def test_nested_rhat_misses_a_spread_that_differs():
    """Two of four superchains three times as wide: it passes, as it says; the folded R-hat does not.

    Each mean is off by 3 / sqrt(64 x 500) at most, so that R - 1 is of the order of B / W = 1e-4.
    """
    num_draws, size = 500, 64
    scale = np.array([1.0, 1.0, 3.0, 3.0]).repeat(size)
    value = jax.random.normal(fresh_key(), (num_draws, 4 * size)) * scale[None]
    nested = run(nested_rhat(4), Draws(value, {}, None, DrawKind.MARKOV))
    assert nested < 1.01
    assert diagnostics.rhat(jnp.asarray(value).T) > 1.1


def test_nested_rhat_sees_superchains_where_they_began():
    """Stuck superchains are infinitely bad, those that never differ say nothing, NaN is reported."""
    stuck = np.tile(np.array([1.0, 1.0, 2.0, 2.0]), (3, 1))
    value = {"stuck": stuck, "equal": np.ones((3, 4)), "nan": stuck * np.nan}
    result = run(nested_rhat(2), Draws(value, {}, None, DrawKind.MARKOV))
    assert np.isinf(result["stuck"])
    assert np.isnan(result["equal"])
    assert np.isnan(result["nan"])


def test_wrong_superchains_are_refused():
    with pytest.raises(ValueError, match="two or more"):
        nested_rhat(1)
    with pytest.raises(ValueError, match="5 chains"):
        run(nested_rhat(2), Draws(np.ones((3, 5)), {}, None, DrawKind.MARKOV))


@pytest.mark.parametrize(
    "make", [covariance, bfmi, lambda: nested_rhat(2)], ids=["covariance", "bfmi", "nested"]
)
def test_rebuilt_reducers_compile_nothing(make):
    draws = Draws(np.ones((3, 4), np.float32), {"energy": np.ones((3, 4), np.float32)}, None, DrawKind.MARKOV)
    run(make(), draws)
    before = run._cache_size()
    run(make(), draws)
    assert run._cache_size() == before
