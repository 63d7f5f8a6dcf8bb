"""Check that statistics depend on neither the unit, the origin nor the type of the draws.

Powers of two scale exactly, so that a statistic of scaled draws is, bit for bit, the scaled statistic. So
does a shift that the type holds.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen import diagnostics
from jgen.diagnostics import weights
from jgen.sampling import reducers
from jgen.types import DrawKind, Draws
from tests.helpers.reducer_folds import run as fold_all

RNG = np.random.default_rng(0)
DRAWS = np.round(RNG.normal(size=(4, 256)).cumsum(1) * 2**10) / 2**10  # few digits, so that shifts are exact
DRAWS = DRAWS - 0.25 * np.arange(4)[:, None]
LOG_WEIGHT = np.round(RNG.normal(size=(4, 256)) * 2**10) / 2**10
EXPONENTS = (-80, -20, 3, 80)
NOT_OF_DRAWS = {"Summary", "summary", "log_evidence", "welch_satterthwaite"}
NOT_OF_VALUES = {"kish_ess", "log_evidence", "log_mean_exp_with_error", "pareto_k", "psis", "self_normalised"}
NOT_OF_VALUES |= {"population_log_weight", "systematic", "stratified", "multinomial", "ancestors"}
QUANTILES = {"ess_quantile": 0.3, "mcse_quantile": 0.3}
UNITS = {"mean", "sd", "mcse", "mcse_mean", "value"}  # statistics in the unit of the draws; others have none


def statistics():
    """Return name -> (function of draws ``[chain, draw]``, power of the unit of its results)."""
    found = {}
    for name in set(diagnostics.__all__) - NOT_OF_DRAWS:
        bound = (QUANTILES[name],) if name in QUANTILES else ()
        found[name] = (
            lambda x, name=name, bound=bound: getattr(diagnostics, name)(x, *bound),
            int("mcse" in name),
        )
    assert {"self_normalised_mean", "population_mean"} == set(weights.__all__) - NOT_OF_VALUES
    log_weight = LOG_WEIGHT.astype(np.float32)
    found["self_normalised_mean"] = (
        lambda x: weights.self_normalised_mean(x.ravel(), log_weight.ravel()), 1
    )  # fmt: skip
    found["population_mean"] = (lambda x: weights.population_mean(x, log_weight), 1)
    for kind in DrawKind:
        found[f"summary of {kind.value}, unit"] = partial(columns_of, kind=kind, in_unit=True), 1
        found[f"summary of {kind.value}"] = partial(columns_of, kind=kind, in_unit=False), 0
    return found


def columns_of(x, kind, in_unit):
    """Return the columns of the summary of draws of a kind that have their unit, or those that have none."""
    table = diagnostics.summary(draws_of(x, kind)).table
    return [table[name] for name in table if (name in UNITS) == in_unit and name != "non_finite"]


def draws_of(x, kind):
    """Return draws of a kind, with log-weights where it has them."""
    if kind is DrawKind.ENSEMBLE:
        return Draws(x.reshape(4, 16, 16), {}, LOG_WEIGHT.reshape(4, 16, 16).astype(np.float32), kind)
    weighted = kind in (DrawKind.WEIGHTED, DrawKind.INDEPENDENT)
    return Draws(x, {}, LOG_WEIGHT.astype(np.float32) if weighted else None, kind)


def by_reducer(make, names):
    """Return a function that folds the draws and returns some of the results."""

    def fold(x):
        info = {"energy": jnp.asarray(x).T}
        draws = Draws(jnp.asarray(x).T, info, None, DrawKind.MARKOV)  # [draw, chain]
        result = fold_all(make(), draws)
        return [getattr(result, name) for name in names] if names else result

    return fold


REDUCERS = {
    "batch_means, unit": (by_reducer(reducers.batch_means, ("mean", "mcse")), 1),
    "batch_means": (by_reducer(reducers.batch_means, ("ess",)), 0),
    "moments, unit": (by_reducer(reducers.moments, ("mean",)), 1),
    "moments, squares": (by_reducer(reducers.moments, ("variance",)), 2),
    "covariance, unit": (by_reducer(reducers.covariance, ("mean",)), 1),
    "covariance, squares": (by_reducer(reducers.covariance, ("covariance",)), 2),
    "nested_rhat": (by_reducer(partial(reducers.nested_rhat, 2), ()), 0),
    "bfmi": (by_reducer(reducers.bfmi, ()), 0),
    "quantiles, unit": (by_reducer(reducers.quantiles, ("value",)), 1),
}
STATISTICS = statistics() | {f"reducer {name}": row for name, row in REDUCERS.items()}


def test_every_reducer_is_checked():
    """Detect a new reducer that no row is about; weights have no unit."""
    named = {name.partition(",")[0] for name in REDUCERS}
    functions = {name for name in reducers.__all__ if name.islower() and callable(getattr(reducers, name))}
    assert functions - named == {"log_evidence"}


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_statistics_have_the_unit_of_the_draws(name):
    """Scale by 2^k: squares of draws at 2^-80 are no float32. A result that is none is NaN or infinite."""
    function, power = STATISTICS[name]
    x = DRAWS.astype(np.float32)
    expected = jax.tree.map(np.asarray, function(x))
    for exponent in EXPONENTS:
        found = jax.tree.map(np.asarray, function(np.ldexp(x, exponent)))
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            with np.errstate(over="ignore", under="ignore"):
                scaled = np.ldexp(np.asarray(other, np.float64), power * exponent)
            normal = (np.abs(scaled) < 2.0**127) & ((np.abs(scaled) > 2.0**-126) | (scaled == 0))
            np.testing.assert_array_equal(one[normal], scaled[normal], err_msg=f"2^{exponent}")
            assert not np.isfinite(one[~normal]).any(), f"2^{exponent}"


LOCATION_FREE = [name for name in sorted(STATISTICS) if name in set(diagnostics.__all__)]


@pytest.mark.parametrize("name", LOCATION_FREE)
def test_diagnostics_do_not_change_with_the_origin(name):
    """Add what the type holds: float64 draws are not narrowed before they are centred, nor integers."""
    function, _ = STATISTICS[name]
    expected = np.asarray(function(DRAWS))
    np.testing.assert_array_equal(function(DRAWS + 2.0**30), expected)
    whole = np.round(DRAWS * 2**10).astype(np.int32)
    expected = np.asarray(function(jnp.asarray(whole)))
    np.testing.assert_array_equal(function(jnp.asarray(whole + 2**29)), expected)


@pytest.mark.parametrize(
    "name", sorted(NOT_OF_VALUES - {"systematic", "stratified", "multinomial", "ancestors"})
)
def test_statistics_of_weights_do_not_change_with_a_constant(name):
    """Add a constant to float64 log-weights; an estimate of log Z moves by it."""
    function, flat = getattr(weights, name), LOG_WEIGHT.ravel()
    flat = LOG_WEIGHT if name == "population_log_weight" else flat
    expected, found = function(flat), function(flat + 2.0**20)
    if name == "log_evidence":
        expected, found = expected[:3], np.array(found[:3]) - 2.0**20
    if name in ("log_mean_exp_with_error", "psis", "population_log_weight"):
        pair = isinstance(expected, tuple)
        expected, found = (expected[0], found[0] - 2.0**20) if pair else (expected, found - 2.0**20)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
