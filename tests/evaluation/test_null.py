"""The null from splits reads what two independent samples of those sizes read."""

import sys

import numpy as np

from jgen.evaluation.null import null_from_splits

FALSE_ALARM_SDS = 5


def squared_gap(first, second):
    """Squared distance of the means: its expectation is dim (1/n + 1/m) for unit variances."""
    return float(np.square(first.mean(0) - second.mean(0)).sum())


def test_splits_read_the_bias_at_their_sizes(rng):
    n, m, dim, repeats = 90, 45, 3, 200
    nulls = [null_from_splits(squared_gap, rng.normal(size=(n, dim)), m) for _ in range(repeats)]
    assert nulls[0].n == 60  # n and m rows are as 2 to 1
    values = np.array([null.value for null in nulls])
    exact = dim * (1 / 60 + 1 / 30)
    assert abs(values.mean() - exact) < FALSE_ALARM_SDS * values.std(ddof=1) / np.sqrt(repeats)
    assert all(null.low <= null.value <= null.high for null in nulls)


def check_disjoint(module):
    real = np.arange(40.0)[:, None]
    shared = module.null_from_splits(lambda x, y: float(np.intersect1d(x, y).size), real, 40)
    assert shared.value == 0


def test_parts_are_disjoint():
    check_disjoint(sys.modules[null_from_splits.__module__])


def test_three_rows_have_no_null():
    assert null_from_splits(squared_gap, np.ones((3, 1)), 3) is None
