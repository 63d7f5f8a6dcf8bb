"""Check KID against closed forms between Gaussians, the plain double sum, and its variance at the null."""

import sys

import numpy as np
import pytest

from jgen.evaluation import kid, kid_metric
from tests.helpers.false_alarms import z_of


def mean_kernel(mu, s, nu, t):
    """Compute E k(x, y) of two Gaussians by the moments of x.y, as KNOWN_ANSWERS has them."""
    dim, inner = len(mu), mu @ nu
    square = np.trace(s @ t) + nu @ s @ nu + mu @ t @ mu + inner**2
    cube = inner**3 + 3 * inner * (mu @ t @ mu + nu @ s @ nu + np.trace(s @ t)) + 6 * mu @ t @ s @ nu
    return 1 + 3 * inner / dim + 3 * square / dim**2 + cube / dim**3


def distance(mu, s, nu, t):
    return mean_kernel(mu, s, mu, s) + mean_kernel(nu, t, nu, t) - 2 * mean_kernel(mu, s, nu, t)


CASES = {
    "shift 2": (2, 1.0, 1.0, 4.625),
    "shift 64": (64, 1.0, 1.0, 0.04838943),
    "scale 2": (2, 0.0, 4.0, 13.5),
    "scale 8": (8, 0.0, 4.0, 3.375),
}
"""Dimension, shift of the first coordinate, variance of the generated rows, value."""


@pytest.mark.parametrize("case", CASES)
def test_closed_forms_between_gaussians(case, rng):
    """By the moments of x.y, and by samples: their z is that of the error printed, from 1,500 rows."""
    dim, shift, variance, value = CASES[case]
    first, zero = np.eye(dim)[0] * shift, np.zeros(dim)
    assert abs(distance(zero, np.eye(dim), first, variance * np.eye(dim)) - value) < 5e-9
    rows = rng.normal(size=(1500, dim)), rng.normal(size=(1500, dim)) * variance**0.5 + first
    found = kid(real=rows[0], generated=rows[1])
    assert abs(found.value - value) < 5.5 * found.standard_error
    assert found.standard_error < 0.25 * value


def check_double_sum(module):
    """The value is that of the double sums without their diagonals, for blocks of any size."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(5, 3)) + 0.5

    def k(a, b):
        return (a @ b / 3 + 1) ** 3

    within = [
        sum(k(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j) / len(z) / (len(z) - 1)
        for z in (x, y)
    ]
    exact = sum(within) - 2 * sum(k(a, b) for a in x for b in y) / 35
    np.testing.assert_allclose(module.kid(real=x, generated=y).value, exact, rtol=1e-12)


def this():
    return sys.modules["jgen.evaluation.kid"]


@pytest.mark.parametrize("block", [2, 3, 2048])
def test_the_value_is_the_double_sum(block, monkeypatch):
    monkeypatch.setattr(this(), "BLOCK", block)
    check_double_sum(this())


def test_samples_of_one_distribution_read_0_within_the_declared_range(rng):
    """Mean 0; the range of the null holds 95 %, and the variance of second order is that of the readings."""
    found = [kid(real=rng.normal(size=(60, 8)), generated=rng.normal(size=(40, 8))) for _ in range(400)]
    values = np.array([one.value for one in found])
    assert abs(values.mean()) < z_of(2) * values.std() / 20
    assert values.min() < 0
    variances = np.array([one.null.standard_error for one in found]) ** 2
    # A chi-square of some ten degrees of freedom has a kurtosis below 6.
    assert abs(values.var() / variances.mean() - 1) < z_of(2) * np.sqrt(5 / 400)
    inside = np.mean([one.low <= 0 <= one.high for one in found])
    assert inside > 0.95 - z_of(1) * np.sqrt(0.05 * 0.95 / 400)


def test_influences_are_those_of_leaving_rows_out(rng):
    samples = {"real": rng.normal(size=(90, 3)), "generated": rng.normal(size=(70, 3)) + 0.7}
    metric = kid_metric()
    state = metric.accumulate(metric.empty(), **samples)
    influence, value = metric.influence(state), kid(**samples).value
    np.testing.assert_allclose(influence.value, value, rtol=1e-13)
    for name, rows in samples.items():
        steps = [value - kid(**{**samples, name: np.delete(rows, i, 0)}).value for i in range(5)]
        close = (len(rows) - 1) * np.array(steps) - influence.by_sample[name][:5]
        assert np.abs(close).max() < 20 / len(rows) * np.abs(influence.by_sample[name]).max()


def test_bad_samples_are_refused_or_flagged(rng):
    rows = rng.normal(size=(20, 3))
    with pytest.raises(ValueError, match="two rows or more; real has 1"):
        kid(real=rows[:1], generated=rows)
    assert kid(real=rows, generated=np.ones((9, 3))).flags == ("all rows of generated are equal",)
