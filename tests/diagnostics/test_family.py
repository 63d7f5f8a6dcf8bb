"""Test all chain diagnostics against ArviZ and closed forms, in float32, and on unusual draws."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen import diagnostics
from jgen.diagnostics.chain_statistics import _nan_if_any, rank_normalise
from tests.helpers.arviz import arviz_before_1
from tests.helpers.autoregression import ar1
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_rng

METHODS = ("ess_bulk", "ess_tail", "ess_mean", "ess_quantile", "mcse_mean", "mcse_sd", "mcse_quantile")
# Cases of another type or shape, which compile again, and are like others.
SIMILAR = {"binary", "five draws", "one chain", "odd"}
PROB = 0.9


def cases():
    """Return draws of many kinds ``[chain, draw]``; most of one shape, which compiles once."""
    rng = np.random.default_rng(20240613)
    normal = rng.normal(size=(4, 1000))
    place = np.arange(4000).reshape(4, 1000)
    return {
        "independent": normal,
        "slow": ar1(rng, 0.95, 4, 1000),
        "antithetic": ar1(rng, -0.7, 4, 1000),
        "random walk": normal.cumsum(axis=1),
        "cauchy": rng.standard_cauchy((4, 1000)),
        "shifted chain": normal + np.array([[0.0], [0.0], [0.0], [1.0]]),
        "wide chain": normal * np.array([[1.0], [1.0], [1.0], [3.0]]),
        "far from zero": 1e6 + normal,
        "counts": rng.poisson(2, size=(4, 1000)),
        "tied decimals": rng.integers(0, 5, size=(4, 1000)) * 0.1,
        "binary": rng.integers(0, 2, size=(4, 1000)).astype(bool),
        "lazy": ar1(rng, 0.5, 4, 250).repeat(4, axis=1),
        "constant": np.full((4, 1000), 0.1),
        "nan": np.where(place == 2017, np.nan, normal),
        "infinite": np.where(place == 1003, np.inf, normal),
        "odd": ar1(rng, 0.5, 3, 501),
        "one chain": ar1(rng, 0.5, 1, 500),
        "five draws": rng.normal(size=(4, 5)),
        "four draws": rng.normal(size=(2, 4)),
        "three draws": rng.normal(size=(4, 3)),
    }


CASES = cases()


def options_of(name):
    return {"prob": PROB} if "quantile" in name else {}


@jax.jit
def ours(draws):
    found = {name: getattr(diagnostics, name)(draws, **options_of(name)) for name in METHODS}
    return {"rhat": diagnostics.rhat(draws), **found}


def by_arviz(draws):
    az = arviz_before_1()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = {"rhat": az.rhat(draws)}
        for name in METHODS:
            kind, method = name.split("_")
            found[name] = getattr(az, kind)(draws, method=method, **options_of(name))
        return found


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.weekly) if case in SIMILAR else case for case in CASES]
)
def test_equal_to_arviz(case):
    draws = CASES[case]
    truth = by_arviz(draws.astype(float))
    for name, value in ours(draws).items():
        rounding = 1e-15 * (case == "constant")  # ArviZ's sd of equal numbers is a rounding, ours is 0
        np.testing.assert_allclose(value, truth[name], rtol=1e-9, atol=rounding, err_msg=f"{name} of {case}")


@pytest.mark.parametrize("r", [0.0, 0.5, -0.5])
@pytest.mark.usefixtures("x64")
def test_ess_of_an_autoregression(r):
    """tau = (1 + r) / (1 - r); Sokal's relative sd of tau is sqrt((4 W + 2) / N) for a window of W lags."""
    num_chains, num_draws, window = 4, 2**14, 20  # |r|^20 is 1e-6: longer windows add noise only, and stop
    draws = ar1(fresh_rng(), r, num_chains, num_draws)
    size = num_chains * num_draws
    relative = diagnostics.ess_mean(draws) / size * (1 + r) / (1 - r)
    assert abs(relative - 1) < FALSE_ALARM_SDS * np.sqrt((4 * window + 2) / size)


def test_the_error_between_chains_is_that_of_independent_means():
    """Also where no chain crosses between modes; NaN for one chain."""
    draws = np.repeat(np.random.default_rng(0).normal(size=(10, 1)), 50, axis=1).astype(np.float32)
    expected = draws[:, 0].std(ddof=1) / np.sqrt(10)
    np.testing.assert_allclose(diagnostics.mcse_between(draws), expected, rtol=1e-5)
    assert np.isnan(diagnostics.mcse_between(draws[:1]))


def test_scores_are_antisymmetric_in_float32():
    """The largest scores would lose digits, or be infinite, from probabilities near one."""
    draws = np.random.default_rng(3).normal(size=100_000).astype(np.float32)
    np.testing.assert_array_equal(rank_normalise(jnp.asarray(-draws)), -rank_normalise(jnp.asarray(draws)))


def test_degrees_of_freedom_add_up_as_errors_do():
    cases = [
        ((0.2, 0.2, 0.2), (7, 7, 7), 21),
        ((0.2, 0.0), (7, 3), 7),
        ((0.2, 0.3), (np.inf, np.inf), np.inf),
    ]
    cases += [((1e-200, 1e-200), (4, 4), 8)]  # whose squares underflow
    cases += [((unknown, unknown), (7, 3), 3) for unknown in (0.0, np.nan, np.inf)]
    for errors, dofs, expected in cases:
        assert diagnostics.welch_satterthwaite(errors, dofs) == pytest.approx(expected)


def test_stuck_chains_have_infinite_rhat_and_few_draws():
    stuck = np.repeat([[1.0], [2.0], [2.5], [0.1]], 1000, axis=1)
    result = ours(stuck)
    assert result["rhat"] == jnp.inf
    assert result["ess_bulk"] < 10
    assert ours(CASES["wide chain"])["rhat"] > 1.1  # of equal means: the folded R-hat detects the scale


def test_coordinates_are_independent_under_vmap():
    draws = np.stack([CASES["constant"], CASES["independent"], CASES["nan"]])
    together = jax.jit(jax.vmap(diagnostics.ess_bulk))(draws)
    np.testing.assert_allclose(together[1], diagnostics.ess_bulk(draws[1]), rtol=1e-5)
    np.testing.assert_array_equal(together[jnp.array([0, 2])], [4000, np.nan])


@pytest.mark.parametrize("case", ["slow", "cauchy", "counts", "wide chain"])
def test_float32_agrees_with_float64(case):
    """Autocorrelations are right to a few eps each; at most some hundred of them add up to tau."""
    draws = CASES[case].astype(np.float32) + np.float32(1000 * (case == "slow"))
    single = ours(draws)
    with jax.enable_x64(True):
        double = ours(draws)
    for name in set(single) - ({"mcse_mean", "mcse_sd", "ess_mean"} if case == "cauchy" else set()):
        np.testing.assert_allclose(single[name], double[name], rtol=1e-3, err_msg=name)


@pytest.mark.parametrize("name", ["rhat", "ess_bulk", "ess_tail", "ess_mean", "mcse_mean", "mcse_sd", "bfmi"])
def test_wrong_shapes_are_rejected(name):
    with pytest.raises(ValueError, match=r"\[chain, draw\]"):
        getattr(diagnostics, name)(np.zeros(100))


def test_calls_outside_jit_compile_once():
    draws = CASES["independent"]
    diagnostics.rhat(draws), diagnostics.mcse_quantile(draws, 0.5)
    before = _nan_if_any._cache_size()
    diagnostics.rhat(draws + 1), diagnostics.mcse_quantile(draws + 1, 0.5)
    assert _nan_if_any._cache_size() == before


def test_rounding_of_a_quantile_moves_no_draw(rng):
    """Between neighbours that differ by one step of float32 the quantile is rounded to one of them."""
    draws = (16384 + rng.normal(size=(50, 4, 30))).astype(np.float32)
    for one in draws:
        np.testing.assert_allclose(
            *(diagnostics.ess_quantile(x, 0.05) for x in (one, one.astype(float))), rtol=1e-3
        )
