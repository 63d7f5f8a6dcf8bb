"""Test intervals of means of skewed values."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.diagnostics.student_interval import WIDEST, skewed_quantile, skewness_of, student_result
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_rng


def test_skewness_is_that_of_scipy_and_does_not_underflow():
    values = fresh_rng().exponential(size=(12, 3))
    truth = stats.skew(values, bias=False)
    np.testing.assert_allclose(skewness_of(values), truth, rtol=1e-12)
    for scale in (2.0**-80, 2.0**80):
        np.testing.assert_allclose(skewness_of(jnp.asarray(values * scale)), truth, rtol=1e-4)
    assert (skewness_of(np.ones((5, 2))) == 0).all()
    assert skewness_of(np.array([1.0, 5.0])) == 0


@pytest.mark.parametrize("dof", [3, 40, np.inf])
def test_quantiles_without_skewness_are_students_and_mirror(dof):
    for prob in (0.025, 0.5, 0.975):
        student = stats.t.ppf(prob, dof) if dof < np.inf else stats.norm.ppf(prob)
        np.testing.assert_allclose(skewed_quantile(prob, dof, 0.0, 10), student, atol=1e-12)
        mirrored = skewed_quantile(1 - prob, dof, -2.0, 10)
        np.testing.assert_allclose(skewed_quantile(prob, dof, 2.0, 10), -mirrored, rtol=1e-12)
    for skewness in (-50.0, -1.0, 1.0, 50.0):
        assert abs(skewed_quantile(0.025, dof, skewness, 10)) <= WIDEST * abs(
            skewed_quantile(0.025, dof, 0.0, 10)
        )


def test_intervals_of_few_exponential_numbers_cover():
    """In 95.13 +- 0.03 %, by 10^6 of them; Student's in 91.9 %, which is 20 errors below."""
    num_runs, size = 20_000, 20
    values = fresh_rng().exponential(size=(num_runs, size))
    mean, error, skewness = values.mean(1), stats.sem(values, axis=1), skewness_of(values, 1)
    low, high = (mean - skewed_quantile(prob, size - 1, skewness, size) * error for prob in (0.975, 0.025))
    covered = ((low < 1) & (high > 1)).mean()
    assert abs(covered - 0.9513) < FALSE_ALARM_SDS * np.sqrt(0.0487 * 0.9513 / num_runs) + 0.0006


def test_results_are_longer_on_the_side_of_the_tail():
    plain, skewed = (
        student_result(jnp.float32(0.0), jnp.float32(1.0), 19, 20, "", skewness=skewness)
        for skewness in (0.0, 1.5)
    )
    assert plain.high == -plain.low
    assert skewed.high > plain.high
    assert -skewed.low < -plain.low
