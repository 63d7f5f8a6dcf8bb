"""Test log Z and its interval."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.diagnostics import weights
from tests.helpers.normal_weights import log_weights, weight_moment
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_key


@pytest.mark.usefixtures("x64")
def test_intervals_cover_the_truth():
    num_runs, size, variance, shift = 1000, 500, 2.0, -1234.5
    _, log_weight = log_weights(fresh_key(), variance, (num_runs, size))
    value, error = jax.vmap(weights.log_mean_exp_with_error)(log_weight + shift)
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
    # the reported error is that sd, up to the noise of 1000 variances of kurtosis below 3
    assert abs(error.mean() / sd - 1) < FALSE_ALARM_SDS * np.sqrt(2 / size / num_runs) + 2 / size


def test_log_evidence_is_a_result():
    result = weights.log_evidence(jnp.log(jnp.array([[1.0, 3.0], [2.0, 2.0]])))
    assert result.n == 4
    np.testing.assert_allclose(result.value, np.log(2), rtol=1e-6)
    error = np.std([1, 3, 2, 2], ddof=1) / 2 / 2
    ends = np.log(2) + stats.t(3).ppf([0.025, 0.975]) * error
    np.testing.assert_allclose([result.low, result.high], ends, atol=1e-6)
    assert result.dof == 3
    np.testing.assert_allclose(result.standard_error, error, rtol=1e-6)


def test_zero_weights_give_minus_infinity():
    result = weights.log_evidence(np.full(10, -np.inf))
    assert (result.value, result.low, result.high) == (-np.inf, -np.inf, np.inf)
    assert weights.kish_ess(np.full(10, -np.inf)) == 0
    with pytest.raises(ValueError, match="at least one"):
        weights.log_evidence(np.zeros(0))


def test_nan_weights_and_one_weight_give_nan():
    log_weight = np.array([0.0, np.nan, -np.inf] * 20)
    found = weights.log_evidence(log_weight)[:3]
    assert np.isnan([*found, weights.kish_ess(log_weight), weights.pareto_k(log_weight)]).all()
    alone = weights.log_evidence(np.array([0.5]))
    assert alone.value == 0.5
    assert np.isnan([alone.low, alone.high]).all()


def test_zero_weights_count_as_draws():
    """The acceptance rate of rejection, .25 here: its binomial error is sqrt((1 - a) / (a (n - 1)))."""
    log_weight = np.where(np.arange(400) % 4 == 0, 0.0, -np.inf)
    value, error = weights.log_mean_exp_with_error(log_weight)
    np.testing.assert_allclose(value, np.log(0.25), rtol=1e-6)
    np.testing.assert_allclose(error, np.sqrt(0.75 / 0.25 / 399), rtol=1e-6)
    assert weights.kish_ess(log_weight) == 100
    assert weights.pareto_k(log_weight) == -np.inf  # the largest weights are equal: no tail
