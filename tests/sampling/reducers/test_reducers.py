"""A fold over draws equals the same arithmetic on stored draws, and does not drift."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.diagnostics import weights
from jgen.sampling.reducers import batch_means, log_evidence, moments
from jgen.types import DrawKind, Draws
from tests.helpers.random_keys import fresh_key
from tests.helpers.reducer_folds import run

FALSE_ALARM = 1e-6
EPS = float(np.finfo(np.float32).eps)


def stored(num_draws=300, num_chains=3, weighted=True):
    rng = np.random.default_rng(11)
    value = {
        "mu": rng.normal(size=(num_draws, num_chains)).astype(np.float32),
        "theta": (1000 + rng.normal(size=(num_draws, num_chains, 2, 2))).astype(np.float32),
        "count": rng.poisson(3, size=(num_draws, num_chains)),
    }
    log_weight = (40 * rng.normal(size=(num_draws, num_chains)).cumsum(0)).astype(
        np.float32
    )  # rises and falls
    return Draws(
        value, {}, log_weight if weighted else None, DrawKind.WEIGHTED if weighted else DrawKind.MARKOV
    )


def test_moments_equal_those_of_stored_draws():
    draws = stored(weighted=False)
    result = run(moments(), draws)
    for name, value in draws.value.items():
        value = value.astype(np.float64)
        np.testing.assert_allclose(result.mean[name], value.mean(axis=(0, 1)), rtol=8 * EPS, atol=8 * EPS)
        np.testing.assert_allclose(result.variance[name], value.var(axis=(0, 1), ddof=1), rtol=300 * EPS)
    assert result.ess == 900


@pytest.mark.parametrize("scale", [1.0, 0.02])
def test_weighted_moments_equal_those_of_stored_draws(scale):
    draws = stored()
    log_weight = draws.log_weight * np.float32(scale)
    draws = Draws(draws.value, {}, log_weight, DrawKind.WEIGHTED)
    result = run(moments(), draws)
    weight = np.exp(log_weight.astype(np.float64) - log_weight.max()).ravel()
    weight /= weight.sum()
    for name, value in draws.value.items():
        value = value.astype(np.float64).reshape(weight.size, -1)
        mean = weight @ value
        variance = weight @ (value - mean) ** 2 / (1 - weight @ weight)
        np.testing.assert_allclose(result.mean[name].ravel(), mean, rtol=100 * EPS, atol=100 * EPS)
        if scale < 1:  # with the larger scale one draw carries nearly all the weight
            np.testing.assert_allclose(result.variance[name].ravel(), variance, rtol=1e4 * EPS)
    np.testing.assert_allclose(result.ess, 1 / (weight @ weight), rtol=1e-4)


def test_draws_of_weight_zero_do_not_count():
    value = np.array([[np.nan, 1.0], [2.0, np.inf], [4.0, 6.0]], np.float32)  # [draw, chain]
    log_weight = np.array([[-np.inf, 0.0], [0.0, -np.inf], [0.0, 0.0]], np.float32)
    result = run(moments(), Draws(value, {}, log_weight, DrawKind.WEIGHTED))
    np.testing.assert_allclose(result.mean, 13 / 4, rtol=4 * EPS)
    np.testing.assert_allclose(result.variance, np.var([1, 2, 4, 6], ddof=1), rtol=8 * EPS)


def test_a_chain_without_weight_and_a_broken_chain():
    value = np.arange(8, dtype=np.float32).reshape(4, 2)
    nothing = np.array([[-np.inf, 0.0]] * 4, np.float32)
    np.testing.assert_allclose(run(moments(), Draws(value, {}, nothing, DrawKind.WEIGHTED)).mean, 4.0)
    broken = {"bad": np.where(value == 3, np.nan, value), "good": value}
    result = run(moments(), Draws(broken, {}, None, DrawKind.MARKOV))
    assert np.isnan(result.mean["bad"])
    np.testing.assert_allclose(result.mean["good"], 3.5)


def test_a_million_float32_draws_do_not_drift():
    """Plain running sums are off by 1e-4 and more here; two-float ones by a rounding."""
    draw = jnp.arange(2**20, dtype=jnp.int32)
    value = 0.1 + jnp.where(draw % 4 == 0, 0.3, 0.0)[:, None]  # [draw, chain]
    draws = Draws({"a": value, "b": 1e4 + value}, {}, jnp.log(value), DrawKind.WEIGHTED)
    exact = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), draws)
    plain = run(moments(), Draws(draws.value, {}, None, DrawKind.MARKOV))
    for name, value in exact.value.items():
        np.testing.assert_allclose(plain.mean[name], value.mean(), rtol=4 * EPS)
        # each square is right to 4 EPS of itself, and to EPS of the mean against the deviation
        np.testing.assert_allclose(
            plain.variance[name], value.var(ddof=1), rtol=16 * EPS + (name == "b") * 1e-3
        )
    weight = np.exp(exact.log_weight)
    weighted = run(moments(), draws)
    np.testing.assert_allclose(
        weighted.mean["a"], (weight * exact.value["a"]).sum() / weight.sum(), rtol=16 * EPS
    )
    evidence = run(log_evidence(), draws)
    np.testing.assert_allclose(evidence.value, np.log(weight.mean()), rtol=16 * EPS)
    error = weight.std() / weight.mean() / 2**10
    np.testing.assert_allclose(evidence.standard_error, error, rtol=64 * EPS)


def test_log_evidence_equals_that_of_stored_weights():
    draws = stored()
    for log_weight in (draws.log_weight, draws.log_weight / 100, np.zeros_like(draws.log_weight)):
        value, error = run(log_evidence(), Draws(draws.value, {}, log_weight, DrawKind.WEIGHTED))
        with jax.enable_x64(True):
            truth, true_error = weights.log_mean_exp(log_weight.astype(np.float64))
        np.testing.assert_allclose(value, truth, rtol=8 * EPS, atol=8 * EPS)
        np.testing.assert_allclose(error, true_error, rtol=1e-4)


def test_log_evidence_survives_and_reports():
    draws = stored(num_draws=4)
    nothing = run(
        log_evidence(), Draws(draws.value, {}, np.full((4, 3), -np.inf, np.float32), DrawKind.WEIGHTED)
    )
    assert (nothing.value, nothing.standard_error) == (-np.inf, np.inf)
    late = np.full((4, 3), -np.inf, np.float32)
    late[3, 1] = 2.0
    np.testing.assert_allclose(
        run(log_evidence(), Draws(draws.value, {}, late, DrawKind.WEIGHTED)).value,
        2 - np.log(12),
        rtol=8 * EPS,
    )
    late[1, 1] = np.nan
    assert np.isnan(run(log_evidence(), Draws(draws.value, {}, late, DrawKind.WEIGHTED)).value)
    with pytest.raises(ValueError, match="normaliser is unknown"):
        run(log_evidence(), stored(weighted=False))


def ar1(key, r, num_draws, num_chains):
    """Stationary, of variance 1 ``[draw, chain]``."""
    noise = jax.random.normal(key, (num_draws, num_chains))

    def step(x, e):
        x = r * x + jnp.sqrt(1 - r**2) * e
        return x, x

    return jax.lax.scan(step, noise[0], noise)[1]


def test_batch_means_equal_those_of_stored_draws():
    """3,000 draws fill 46 batches of 64 with 56 draws left over; checked against plain NumPy."""
    value = np.asarray(ar1(jax.random.key(0), 0.5, 3000, 2)) + np.float32(100)  # [draw, chain]
    result = run(batch_means(), Draws({"x": value}, {}, None, DrawKind.MARKOV))
    assert result.batch_size == 64
    exact = value.astype(np.float64)
    batch = exact[: 46 * 64].reshape(46, 64, 2).mean(axis=1)
    long_run = 64 * batch.var(ddof=1)
    np.testing.assert_allclose(result.mean["x"], exact.mean(), rtol=8 * EPS)
    np.testing.assert_allclose(result.mcse["x"], np.sqrt(long_run / 6000), rtol=1e-4)
    np.testing.assert_allclose(result.ess["x"], 6000 * exact.var(ddof=1) / long_run, rtol=1e-4)


def scatter_bounds(size, variance, row_sum, square_sum, tail):
    """Where the scatter of stationary Gaussians about their mean lies, but for ``tail`` each way.

    It is a sum of chi-squareds weighted by eigenvalues of a covariance, each of them at most ``row_sum``,
    their squares together at most ``size square_sum``: the tails are those of Laurent and Massart (2000),
    lemma 1. The mean takes a ``variance`` of it, or as much as ``row_sum``.
    """
    t = np.log(1 / tail)
    chance = 2 * np.sqrt(size * square_sum * t)
    return size * variance - row_sum - chance, (size - 1) * variance + chance + 2 * row_sum * t


@pytest.mark.parametrize("r", [0.0, 0.8])
def test_batch_means_of_an_autoregression(r):
    """Of n s^2 / (b Var of means of b), both scatters are those of Gaussians of known covariance; r^k between
    draws, and with S = (1 - r^b) / (1 - r) for k >= 1 r^(1 + (k - 1) b) (S / b)^2 between means of b."""
    num_draws, num_chains = 2**14, 64
    value = 1e4 + ar1(fresh_key(), r, num_draws, num_chains)[..., None]
    result = run(batch_means(), Draws(value, {}, None, DrawKind.MARKOV))
    b, size = int(result.batch_size), num_draws * num_chains
    long_run = (1 + r) / (1 - r) - 2 * r * (1 - r**b) / (b * (1 - r) ** 2)  # b times a mean's variance
    next_one = r * ((1 - r**b) / (1 - r)) ** 2 / b  # b times the covariance of neighbours
    of_draws = scatter_bounds(size, 1, (1 + r) / (1 - r), (1 + r**2) / (1 - r**2), FALSE_ALARM / 6)
    of_means = scatter_bounds(
        num_chains * (num_draws // b),
        long_run,
        long_run + 2 * next_one / (1 - r**b),
        long_run**2 + 2 * next_one**2 / (1 - r ** (2 * b)),
        FALSE_ALARM / 6,
    )
    dof = num_chains * (num_draws // b) - 1
    ratio = result.ess[0] * (size - 1) / size / dof
    assert of_draws[0] / of_means[1] < ratio < of_draws[1] / of_means[0]
    assert 0 < of_draws[1] / of_means[0] < 2 * of_draws[0] / of_means[1]  # the bounds say something
    z = stats.norm.isf(FALSE_ALARM / 6)
    assert abs(result.mean[0] - 1e4) < z * np.sqrt((1 + r) / (1 - r) / size) + 1e4 * EPS


def test_chains_that_disagree_raise_the_error():
    """One chain of four is 10 sd off: s^2 and the variance of batch means are nearly that of the offset. Both
    scatters are chi-squareds, noncentral by 3/16 of 100 a draw, of which one chain's batches know nothing."""
    value = ar1(fresh_key(), 0.0, 1024, 4) + jnp.array([[0.0, 0.0, 0.0, 10.0]])
    result = run(batch_means(), Draws(value, {}, None, DrawKind.MARKOV))
    b = int(result.batch_size)
    assert 1024 % b == 0
    sizes, tails = np.array([[4096], [4096 // b]]), np.array([FALSE_ALARM / 4, 1 - FALSE_ALARM / 4])
    (low, high), (least, most) = stats.ncx2.ppf(tails, sizes - 1, 4096 * 100 * 3 / 16) / (sizes - 1)
    assert 4096 * low / most < result.ess < 4096 * high / least
    assert 4096 * high / least < 4096 / 10  # independent draws would count for all


def test_batch_means_in_few_draws_and_wrong_options():
    value = np.arange(3, dtype=np.float32)[:, None]
    result = run(batch_means(), Draws(value, {}, None, DrawKind.MARKOV))
    np.testing.assert_allclose(result.mean, 1.0)
    np.testing.assert_allclose(result.mcse, np.sqrt(1 / 3), rtol=4 * EPS)
    assert np.isnan(run(batch_means(), Draws(value[:1], {}, None, DrawKind.MARKOV)).mcse)
    with pytest.raises(ValueError, match="even"):
        batch_means(5)


@pytest.mark.parametrize("make", [moments, log_evidence, batch_means])
def test_rebuilt_reducers_compile_nothing(make):
    draws = stored()
    run(make(), draws)
    before = run._cache_size()
    run(make(), draws)
    assert run._cache_size() == before
