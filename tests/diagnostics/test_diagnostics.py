"""Chain diagnostics against ArviZ, and against chains whose truth is known."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from jgen import diagnostics
from jgen.diagnostics import welch_satterthwaite
from jgen.diagnostics.chain_statistics import _nan_if_any, rank_normalise
from tests.helpers.random_keys import fresh_rng

FALSE_ALARM_SDS = 4.9  # two-sided, 1e-6


def ar1(rng, r, num_chains, num_draws):
    """Stationary, of variance 1."""
    noise = rng.normal(size=(num_chains, num_draws)) * np.sqrt(1 - r**2)
    noise[:, 0] /= np.sqrt(1 - r**2)
    chain = np.empty_like(noise)
    chain[:, 0] = noise[:, 0]
    for draw in range(1, num_draws):
        chain[:, draw] = r * chain[:, draw - 1] + noise[:, draw]
    return chain


def cases():
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


PROB = 0.9


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


def arviz(draws):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        az = pytest.importorskip("arviz", "0.20")
        if not hasattr(az, "from_dict") or az.__version__.startswith("1."):
            pytest.skip("ArviZ 1 has another interface")
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
@pytest.mark.parametrize("case", cases())
def test_equal_to_arviz(case):
    draws = cases()[case]
    truth = arviz(draws.astype(float))
    for name, value in ours(draws).items():
        rounding = 1e-15 * (case == "constant")  # ArviZ's sd of equal numbers is a rounding, ours is 0
        np.testing.assert_allclose(value, truth[name], rtol=1e-9, atol=rounding, err_msg=f"{name} of {case}")


def test_nan_is_reported_and_not_hidden():
    for name, value in ours(cases()["nan"]).items():
        assert jnp.isnan(value), name


def test_stuck_chains_have_infinite_rhat_and_few_draws():
    stuck = np.repeat([[1.0], [2.0], [2.5], [0.1]], 1000, axis=1)
    result = ours(stuck)
    assert result["rhat"] == jnp.inf
    assert result["ess_bulk"] < 10


def test_a_stuck_coordinate_does_not_touch_its_neighbours():
    draws = np.stack([cases()["constant"], cases()["independent"], cases()["nan"]])
    together = jax.jit(jax.vmap(diagnostics.ess_bulk))(draws)
    np.testing.assert_allclose(together[1], diagnostics.ess_bulk(draws[1]), rtol=1e-5)
    np.testing.assert_array_equal(together[jnp.array([0, 2])], [4000, np.nan])


@pytest.mark.parametrize("r", [0.0, 0.5, -0.5])
@pytest.mark.usefixtures("x64")
def test_ess_of_an_autoregression(r):
    """tau = (1 + r) / (1 - r); Sokal's relative sd of tau is sqrt((4 W + 2) / N) for a window of W lags."""
    num_chains, num_draws, window = 4, 2**14, 20  # |r|^20 is 1e-6: longer windows add noise only, and stop
    draws = ar1(fresh_rng(), r, num_chains, num_draws)
    size = num_chains * num_draws
    relative = diagnostics.ess_mean(draws) / size * (1 + r) / (1 - r)
    assert abs(relative - 1) < FALSE_ALARM_SDS * np.sqrt((4 * window + 2) / size)


@pytest.mark.usefixtures("x64")
def test_rhat_sees_scale_where_the_plain_one_does_not():
    """Its limit by quadrature: normal scores of |x| under the mixture of both kinds of chains."""
    num_draws, sd = 20_000, 3.0
    draws = fresh_rng().normal(size=(4, num_draws)) * np.array([[1.0], [1.0], [sd], [sd]])

    def score(x):
        mixture = stats.halfnorm.cdf(x) / 2 + stats.halfnorm.cdf(x / sd) / 2
        return stats.norm.ppf(mixture)

    def moment(power, scale):
        value, _ = integrate.quad(
            lambda u: score(scale * u) ** power * stats.halfnorm.pdf(u), 1e-12, 8.0, limit=400
        )
        return value

    means = np.array([moment(1, 1.0), moment(1, sd)])
    variances = np.array([moment(2, 1.0), moment(2, sd)]) - means**2
    within, between = variances.mean(), np.var(means.repeat(4), ddof=1)  # 8 half chains
    limit = np.sqrt(1 + between / within)

    half = num_draws // 2
    split = np.concatenate([draws[:, :half], draws[:, half:]])
    plain = np.sqrt(1 + split.mean(axis=1).var(ddof=1) / split.var(axis=1, ddof=1).mean())
    assert plain < 1.01
    # d log R^2 <= d log B + d log W; a half chain's mean is off by sd / sqrt(half), its variance by
    # sqrt(2 / half) of itself
    gap = abs(means[1] - means[0])
    relative = 2 * np.sqrt(variances.max() / half) / gap + np.sqrt(4 / half)
    assert abs(diagnostics.rhat(draws) / limit - 1) < FALSE_ALARM_SDS * relative / 2
    assert limit > 1.1


@pytest.mark.parametrize("case", ["independent", "slow", "cauchy", "counts", "wide chain"])
def test_float32_says_the_same(case):
    """Autocorrelations are right to a few eps each; at most some hundred of them add up to tau."""
    draws = cases()[case].astype(np.float32) + np.float32(1000 * (case == "slow"))
    single = ours(draws)
    with jax.enable_x64(True):
        double = ours(draws)
    for name in set(single) - ({"mcse_mean", "mcse_sd", "ess_mean"} if case == "cauchy" else set()):
        np.testing.assert_allclose(single[name], double[name], rtol=1e-3, err_msg=name)


def test_scores_are_antisymmetric_in_float32():
    """Inverting a probability next to one, the largest scores would lose their digits, then be infinite."""
    draws = np.random.default_rng(3).normal(size=100_000).astype(np.float32)
    np.testing.assert_array_equal(rank_normalise(jnp.asarray(-draws)), -rank_normalise(jnp.asarray(draws)))


@pytest.mark.usefixtures("x64")
def test_bfmi_of_an_autoregression():
    """E (x' - x)^2 / Var x = 2 (1 - r); its relative sd is below 2 / sqrt(n (1 - r))."""
    num_draws, r = 20_000, 0.9
    energy = 1e3 + ar1(fresh_rng(), r, 3, num_draws)
    relative = diagnostics.bfmi(energy) / (2 * (1 - r)) - 1
    assert (abs(relative) < FALSE_ALARM_SDS * 2 / np.sqrt(num_draws * (1 - r))).all()


@pytest.mark.usefixtures("x64")
def test_bfmi_is_arviz_and_keeps_nan_in_its_chain():
    energy = np.random.default_rng(0).normal(size=(3, 100))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        az = pytest.importorskip("arviz", "0.20")
        if az.__version__.startswith("1."):
            pytest.skip("ArviZ 1 has another interface")
        np.testing.assert_allclose(diagnostics.bfmi(energy), az.bfmi(energy), rtol=1e-12)
    energy[1, 5] = np.nan
    assert jnp.isnan(diagnostics.bfmi(energy)).tolist() == [False, True, False]
    assert jnp.isnan(diagnostics.bfmi(energy[:, :1])).all()


def test_degrees_of_freedom_add_up_as_errors_do():
    assert welch_satterthwaite((0.2, 0.2, 0.2), (7, 7, 7)) == pytest.approx(21)
    assert welch_satterthwaite((0.2, 0.0), (7, 3)) == pytest.approx(7)
    assert welch_satterthwaite((0.2, 0.3), (np.inf, np.inf)) == np.inf
    assert welch_satterthwaite((1e-200, 1e-200), (4, 4)) == 4  # squares that underflow are no error
    for unknown in (0.0, np.nan, np.inf):
        assert welch_satterthwaite((unknown, unknown), (7, 3)) == 3


@pytest.mark.parametrize("name", ["rhat", "ess_bulk", "ess_tail", "ess_mean", "mcse_mean", "mcse_sd", "bfmi"])
def test_wrong_shapes_are_refused(name):
    with pytest.raises(ValueError, match=r"\[chain, draw\]"):
        getattr(diagnostics, name)(np.zeros(100))


def test_called_plainly_nothing_compiles_twice():
    draws = cases()["independent"]
    diagnostics.rhat(draws), diagnostics.mcse_quantile(draws, 0.5)
    before = _nan_if_any._cache_size()
    diagnostics.rhat(draws + 1), diagnostics.mcse_quantile(draws + 1, 0.5)
    assert _nan_if_any._cache_size() == before
