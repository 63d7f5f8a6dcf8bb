"""Test all chain diagnostics against ArviZ, in float32, and on unusual draws."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen import diagnostics
from jgen.diagnostics.chain_statistics import _nan_if_any
from tests.helpers.arviz import arviz_before_1
from tests.helpers.autoregression import ar1

FALSE_ALARM_SDS = 4.9  # two-sided, 1e-6

SIMILAR = {"binary", "five draws"}
"""Cases of another type or shape, which compile again, and are like others."""
PROB = 0.9


def cases():
    """Return draws of many kinds ``[chain, draw]``; most of one shape, which compiles once."""
    rng = np.random.default_rng(20240613)
    normal = rng.normal(size=(4, 1000))
    broken = normal.copy()
    broken[2, 17] = np.nan
    infinite = normal.copy()
    infinite[1, 3] = np.inf
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
        "nan": broken,
        "infinite": infinite,
        "odd": ar1(rng, 0.5, 3, 501),
        "one chain": ar1(rng, 0.5, 1, 500),
        "five draws": rng.normal(size=(4, 5)),
        "four draws": rng.normal(size=(2, 4)),
        "three draws": rng.normal(size=(4, 3)),
    }


CASES = cases()


@jax.jit
def ours(draws):
    return {
        "rhat": diagnostics.rhat(draws),
        "ess_bulk": diagnostics.ess_bulk(draws),
        "ess_tail": diagnostics.ess_tail(draws),
        "ess_mean": diagnostics.ess_mean(draws),
        "ess_quantile": diagnostics.ess_quantile(draws, PROB),
        "mcse_mean": diagnostics.mcse_mean(draws),
        "mcse_sd": diagnostics.mcse_sd(draws),
        "mcse_quantile": diagnostics.mcse_quantile(draws, PROB),
    }


def by_arviz(draws):
    az = arviz_before_1()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return {
            "rhat": az.rhat(draws),
            "ess_bulk": az.ess(draws, method="bulk"),
            "ess_tail": az.ess(draws, method="tail"),
            "ess_mean": az.ess(draws, method="mean"),
            "ess_quantile": az.ess(draws, method="quantile", prob=PROB),
            "mcse_mean": az.mcse(draws, method="mean"),
            "mcse_sd": az.mcse(draws, method="sd"),
            "mcse_quantile": az.mcse(draws, method="quantile", prob=PROB),
        }


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


def test_nan_draws_give_nan():
    for name, value in ours(CASES["nan"]).items():
        assert jnp.isnan(value), name


def test_stuck_chains_have_infinite_rhat_and_few_draws():
    stuck = np.repeat([[1.0], [2.0], [2.5], [0.1]], 1000, axis=1)
    result = ours(stuck)
    assert result["rhat"] == jnp.inf
    assert result["ess_bulk"] < 10


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
