"""Arithmetic on log-weights: p = N(0, 1) and proposal N(0, s^2), where everything has a closed form."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.diagnostics import weights
from tests.helpers.random_keys import fresh_key

FALSE_ALARM_SDS = 4.9  # two-sided, 1e-6


def log_weights(key, variance, shape):
    z = jnp.sqrt(variance) * jax.random.normal(key, shape)
    return z, -0.5 * z**2 * (1 - 1 / variance) + 0.5 * jnp.log(variance)


def weight_moment(variance, power):
    """E_q w^power, which is finite for power > (power - 1) / s^2."""
    return variance ** ((power - 1) / 2) / np.sqrt(power - (power - 1) / variance)


def psis_cases():
    rng = np.random.default_rng(7)
    return {
        "half-cauchy": np.log(np.abs(rng.standard_cauchy(1000))),
        "light": -(rng.normal(size=1000) ** 2),
        "bounded": np.log(rng.uniform(size=1000)),
        "no mean": 3 * np.log(np.abs(rng.standard_cauchy(1000))),
        "huge range": 500 * rng.normal(size=1000),
        "far from zero": rng.normal(size=1000) - 1e5,
        "ties": rng.poisson(3, size=1000) * 0.5,
        "mostly zero": np.where(rng.uniform(size=1000) < 0.9, -np.inf, rng.normal(size=1000)),
        "a tail of five": rng.normal(size=24),
        "a tail of four": rng.normal(size=20),
    }


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("relative_efficiency", [1.0, 0.5])
@pytest.mark.parametrize("case", psis_cases())
def test_psis_is_arviz(case, relative_efficiency):
    log_weight = psis_cases()[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        az = pytest.importorskip("arviz", "0.20")
        if az.__version__.startswith("1."):
            pytest.skip("ArviZ 1 has another interface")
        smoothed, k = az.psislw(log_weight.copy(), reff=relative_efficiency, normalize=False)
    ours, our_k = weights.psis(log_weight, relative_efficiency)
    np.testing.assert_allclose(our_k, k, rtol=1e-9)
    # tied weights are smoothed in an order that no one fixes: compare the sorted ones
    np.testing.assert_allclose(np.sort(ours), np.sort(smoothed), rtol=1e-8)


@pytest.mark.parametrize("variance", [0.25, 0.5])
@pytest.mark.usefixtures("x64")
def test_pareto_k_of_two_normals(variance):
    """k = 1 - s^2 in the limit; at a finite threshold it is von Mises's d/dw [(1 - F) / f], in closed form.

    With u = |z| / s beyond the threshold and h the normal hazard, that shape is
    (1 - s^2) u / h + (1 - u (h - u)) / (h u). The fit averages it over the tail, draws k towards 1/2
    with the weight of ten draws, and has an asymptotic sd of (1 + k) / sqrt(tail).
    """
    size = 100_000
    tail = np.ceil(3 * np.sqrt(size))
    _, log_weight = log_weights(fresh_key(), variance, (size,))
    u = np.linspace(stats.norm.isf(tail / size / 2), stats.norm.isf(0.01 / size), 200)
    hazard = stats.norm.pdf(u) / stats.norm.sf(u)
    shape = (1 - variance) * u / hazard + (1 - u * (hazard - u)) / (hazard * u)
    shape = (tail * shape + 10 * 0.5) / (tail + 10)
    slack = FALSE_ALARM_SDS * (2 - variance) / np.sqrt(tail)
    k = weights.pareto_k(log_weight)
    assert shape.min() - slack < k < shape.max() + slack
    assert np.ptp(shape) < 0.15  # the theory pins it


@pytest.mark.parametrize("variance", [1.5, 2.0, 4.0])
@pytest.mark.usefixtures("x64")
def test_kish_ess_of_two_normals(variance):
    """ESS / n = sqrt(2 s^2 - 1) / s^2; its sd by the delta method on the first two moments of w."""
    size = 100_000
    _, log_weight = log_weights(fresh_key(), variance, (size,))
    m1, m2, m3, m4 = (weight_moment(variance, power) for power in (1, 2, 3, 4))
    covariance = np.array([[m2 - m1**2, m3 - m1 * m2], [m3 - m1 * m2, m4 - m2**2]])
    gradient = np.array([2 * m1 / m2, -((m1 / m2) ** 2)])
    error = np.sqrt(gradient @ covariance @ gradient / size)
    truth = np.sqrt(2 * variance - 1) / variance
    assert abs(weights.kish_ess(log_weight + 700) / size - truth) < FALSE_ALARM_SDS * error


@pytest.mark.usefixtures("x64")
def test_log_evidence_covers_the_truth_and_knows_its_error():
    num_runs, size, variance, shift = 1000, 500, 2.0, -1234.5
    _, log_weight = log_weights(fresh_key(), variance, (num_runs, size))
    value, error = jax.vmap(weights.log_mean_exp)(log_weight + shift)
    covered = (abs(value - shift) < 1.96 * error).mean()
    # skewness g = E(w - 1)^3 / sd^3 moves the coverage of 95 % by less than g / sqrt(n) (Edgeworth)
    m2, m3 = weight_moment(variance, 2), weight_moment(variance, 3)
    skewness = abs(m3 - 3 * m2 + 2) / (m2 - 1) ** 1.5
    slack = FALSE_ALARM_SDS * np.sqrt(0.05 * 0.95 / num_runs) + skewness / np.sqrt(size)
    assert abs(covered - 0.95) < slack
    # E Z-hat = Z, whose sd over the runs is sd(w) / sqrt(runs n)
    relative = np.exp(np.asarray(value) - shift).mean() - 1
    sd = np.sqrt((m2 - 1) / size)
    assert abs(relative) < FALSE_ALARM_SDS * sd / np.sqrt(num_runs)
    # the reported error is that sd, up to the chance in 1000 variances of kurtosis below 3
    assert abs(error.mean() / sd - 1) < FALSE_ALARM_SDS * np.sqrt(2 / size / num_runs) + 2 / size


def test_log_evidence_is_a_result():
    result = weights.log_evidence(jnp.log(jnp.array([[1.0, 3.0], [2.0, 2.0]])))
    assert result.n == 4
    np.testing.assert_allclose(result.value, np.log(2), rtol=1e-6)
    error = np.std([1, 3, 2, 2], ddof=1) / 2 / 2
    half_width = stats.t(3).ppf(0.975) * error
    np.testing.assert_allclose(
        [result.low, result.high], np.log(2) + half_width * np.array([-1, 1]), atol=1e-6
    )
    assert result.dof == 3
    np.testing.assert_allclose(result.standard_error, error, rtol=1e-6)


def test_no_weight_at_all_says_so():
    result = weights.log_evidence(np.full(10, -np.inf))
    assert (result.value, result.low, result.high) == (-np.inf, -np.inf, np.inf)
    assert weights.kish_ess(np.full(10, -np.inf)) == 0
    with pytest.raises(ValueError, match="at least one"):
        weights.log_evidence(np.zeros(0))


def test_broken_weights_are_reported():
    log_weight = np.array([0.0, np.nan, -np.inf] * 20)
    result = weights.log_evidence(log_weight)
    assert np.isnan([result.value, result.low, result.high]).all()
    assert np.isnan(weights.kish_ess(log_weight))
    assert np.isnan(weights.pareto_k(log_weight))
    alone = weights.log_evidence(np.array([0.5]))
    assert alone.value == 0.5
    assert np.isnan([alone.low, alone.high]).all()


def test_zero_weights_count_as_draws():
    """The acceptance rate of rejection, .25 here: its binomial error is sqrt((1 - a) / (a (n - 1)))."""
    log_weight = np.where(np.arange(400) % 4 == 0, 0.0, -np.inf)
    value, error = weights.log_mean_exp(log_weight)
    np.testing.assert_allclose(value, np.log(0.25), rtol=1e-6)
    np.testing.assert_allclose(error, np.sqrt(0.75 / 0.25 / 399), rtol=1e-6)
    assert weights.kish_ess(log_weight) == 100
    assert weights.pareto_k(log_weight) == -np.inf  # the largest weights are equal: nothing heavy about them


@pytest.mark.usefixtures("x64")
def test_self_normalised_mean_covers_the_truth():
    """E z^2 = 1; its error over the runs is the reported one (asymptotically, sd E_q w^2 (z^2 - 1)^2)."""
    num_runs, size, variance = 1000, 1000, 2.0
    z, log_weight = log_weights(fresh_key(), variance, (num_runs, size))
    mean, error = jax.vmap(weights.self_normalised_mean)(z**2, log_weight + 50)
    sd = np.sqrt(size * np.var(np.asarray(mean)))
    # w^2 q is proportional to N(0, v), v = 1 / (2 - 1/s^2), and E (z^2 - 1)^2 = 3 v^2 - 2 v + 1 there
    v = 1 / (2 - 1 / variance)
    truth = np.sqrt(weight_moment(variance, 2) * (3 * v**2 - 2 * v + 1))
    chance = FALSE_ALARM_SDS * np.sqrt(1 / (2 * num_runs)) + 10 / size  # bias and kurtosis are O(1 / n)
    assert abs(sd / truth - 1) < chance
    assert abs(np.sqrt(size) * np.mean(error) / truth - 1) < chance
    assert abs(np.mean(mean) - 1) < FALSE_ALARM_SDS * truth / np.sqrt(size * num_runs) + 2 / size


def test_self_normalised_mean_of_vectors_skips_zero_weights():
    value = np.array([[1.0, 2.0], [3.0, 6.0], [np.nan, np.inf]])
    mean, error = weights.self_normalised_mean(value, np.array([-7.0, -7.0, -np.inf]))
    np.testing.assert_allclose(mean, [2.0, 4.0])
    np.testing.assert_allclose(error, np.sqrt([0.5, 2.0]), rtol=1e-6)  # sqrt(sum w^2 (x - mean)^2), w = 1/2
    assert np.isnan(weights.self_normalised_mean(value, np.full(3, -np.inf))[0]).all()
    with pytest.raises(ValueError, match="Flatten"):
        weights.self_normalised_mean(value[None], np.zeros((1, 3)))


def test_psis_never_exceeds_the_largest_weight_and_refuses_matrices():
    log_weight = psis_cases()["no mean"].astype(np.float32)
    smoothed, k = weights.psis(log_weight)
    assert smoothed.max() <= log_weight.max()
    assert k > 1
    with pytest.raises(ValueError, match="vmap over estimates"):
        weights.psis(log_weight[None])


def test_float32_says_the_same():
    """Fits of some hundred logarithms, each right to a few eps."""
    log_weight = psis_cases()["half-cauchy"].astype(np.float32)
    single = [weights.pareto_k(log_weight), weights.kish_ess(log_weight), *weights.log_mean_exp(log_weight)]
    with jax.enable_x64(True):
        double = [
            weights.pareto_k(log_weight),
            weights.kish_ess(log_weight),
            *weights.log_mean_exp(log_weight),
        ]
    np.testing.assert_allclose(single, double, rtol=1e-4)
