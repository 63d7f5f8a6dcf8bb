"""Results have intervals that cover, and those of different protocols do not compare."""

import numpy as np
import pytest
from scipy import stats

from jgen.evaluation.results import against_best, compare, mean_result
from jgen.types import Result
from tests.helpers.random_keys import fresh_rng

FALSE_ALARM_SDS = 4.9  # two-sided, 1e-6


@pytest.mark.slow
def test_intervals_cover_the_truth():
    """Means of 400 normals, and differences: 95 % of 2,000, within binomial noise and O(1 / n)."""
    values = fresh_rng().normal(size=(2000, 2, 400)) * np.array([[1.0], [2.0]]) + 5.0
    first, second = (
        [mean_result(one, "exact", {"split": "test"}) for one in side] for side in values.swapaxes(0, 1)
    )
    slack = FALSE_ALARM_SDS * np.sqrt(0.05 * 0.95 / 2000) + 1 / 400
    assert abs(np.mean([one.low < 5 < one.high for one in first]) - 0.95) < slack
    differences = [compare(*pair) for pair in zip(first, second, strict=True)]
    assert abs(np.mean([one.low < 0 < one.high for one in differences]) - 0.95) < slack


def test_the_two_sides_of_an_interval_are_separate():
    first, second = Result(1.0, 0.0, 1.0, 2, "a", {}), Result(0.0, 0.0, 2.0, 2, "b", {})
    difference = compare(first, second)
    np.testing.assert_allclose([difference.value, difference.low, difference.high], [1, 1 - np.sqrt(5), 1])
    assert difference.method == "a minus b"


@pytest.mark.parametrize("sizes", [(8, 400), (5, 5), (2, 30)])
def test_differences_of_students_intervals_are_those_of_welch(sizes, rng):
    """SciPy's test of two means of unlike variances: the same interval, the same degrees of freedom."""
    samples = [rng.normal(scale=scale, size=size) for scale, size in zip((1.0, 3.0), sizes, strict=True)]
    means = []
    for one in samples:
        student = stats.t(one.size - 1, one.mean(), one.std(ddof=1) / np.sqrt(one.size))
        means.append(Result(one.mean(), *student.interval(0.95), one.size, "a mean", {}, one.size - 1))
        np.testing.assert_allclose(means[-1].standard_error, stats.sem(one), rtol=1e-12)
    difference, truth = compare(*means), stats.ttest_ind(*samples, equal_var=False)
    np.testing.assert_allclose(difference.dof, truth.df, rtol=1e-12)
    np.testing.assert_allclose([difference.low, difference.high], truth.confidence_interval(), rtol=1e-12)
    np.testing.assert_allclose(difference.value / difference.standard_error, truth.statistic, rtol=1e-12)


@pytest.mark.parametrize("other", [{"K": 51}, {"K": 50, "split": "test"}, {}, {"K": np.array([50, 50])}])
def test_different_protocols_are_refused(other):
    values = np.arange(10.0)
    with pytest.raises(ValueError, match="different protocols"):
        compare(mean_result(values, "IWAE", {"K": 50}), mean_result(values, "IWAE", other))


def test_nan_and_values_of_a_wrong_shape():
    alone = mean_result(np.array([1.0]), "", {})
    assert alone.value == 1
    assert np.isnan([alone.low, alone.high, mean_result(np.array([1.0, np.nan]), "", {}).value]).all()
    for shape in [(0,), (3, 2), ()]:
        with pytest.raises(ValueError, match="per example"):
            mean_result(np.zeros(shape), "", {})


def test_the_best_is_not_nan_and_differences_are_paired():
    shared = np.linspace(-5.0, 5.0, 50)
    values = {"failed": np.full(50, np.nan), "low": shared - 1.0, "high": shared}
    found = against_best(values, "exact log p", {})
    assert found["high"]["minus best"].value == 0
    low = found["low"]["minus best"]
    np.testing.assert_allclose([low.low, low.value, low.high], -1.0, atol=1e-12)  # no spread: it is paired


def test_differences_from_the_best_cover_at_once():
    """The best of five equal models is above the others by chance: Student's intervals cover too seldom."""
    num_runs, values = 1000, fresh_rng().normal(size=(1000, 5, 50))
    found = [
        [row["minus best"] for row in against_best(dict(enumerate(run)), "", {}).values()] for run in values
    ]
    covered = sum(all(one.low <= 0 <= one.high for one in run) for run in found)
    low, high = stats.binom.ppf([1e-6, 1 - 1e-6], num_runs, [0.93, 0.97])
    assert low <= covered <= high


def test_means_of_heavy_tails_are_flagged_and_differences_too():
    quantiles = (np.arange(2000) + 0.5) / 2000
    heavy, light = quantiles**-0.9, -np.log(quantiles)
    for sign in (1, -1):
        found = mean_result(sign * heavy, "", {})
        assert found.pareto_k > 0.7
        assert "Pareto k" in found.flags[0]
        assert np.isnan([found.low, found.high]).all()
        assert compare(mean_result(light, "", {}), found).flags == found.flags
    assert mean_result(light, "", {}).flags == ()
    between = mean_result(quantiles**-0.5, "", {})  # its variance is infinite, its mean 2
    assert between.high - between.value > 2 * (between.value - between.low)
    assert mean_result(np.ones(300), "", {})[:3] == (1, 1, 1)


def test_few_values_have_students_interval():
    found = mean_result(np.array([1.0, 2.0, 3.0]), "", {})
    np.testing.assert_allclose([found.low, found.high], stats.t(2, 2, 3**-0.5).interval(0.95), rtol=1e-9)
    assert found.dof == 2
