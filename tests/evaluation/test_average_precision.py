"""Hold average precision to a loop over thresholds, and its null to an enumeration."""

import itertools

import numpy as np
import pytest

from jgen.evaluation import average_precision, average_precision_metric
from jgen.evaluation.average_precision import null_precision


def by_thresholds(x, y):
    """Sum precision times the rise of the recall over falling thresholds."""
    area, recall = 0.0, 0.0
    for threshold in sorted({*x, *y}, reverse=True):
        above = (x >= threshold).sum(), (y >= threshold).sum()
        area += (above[0] / len(x) - recall) * above[0] / sum(above)
        recall = above[0] / len(x)
    return area


@pytest.mark.parametrize("digits", [9, 1, 0])
def test_values_are_sums_over_thresholds(digits, rng):
    for _ in range(5):
        x, y = np.round(rng.normal(0.5, 1, size=20), digits), np.round(rng.normal(size=30), digits)
        found = average_precision(positives=x, negatives=y)
        assert abs(float(found.value) - by_thresholds(x, y)) < 1e-12


@pytest.mark.parametrize(("n", "m"), [(1, 3), (3, 4), (5, 2)])
def test_the_null_is_the_mean_over_all_orders(n, m):
    places = [np.array(order) for order in itertools.combinations(range(1, n + m + 1), n)]
    mean = np.mean([(np.arange(1, n + 1) / order).mean() for order in places])
    assert abs(null_precision(n, m) - mean) < 1e-12


def test_the_null_tends_to_the_share_of_positives():
    assert abs(null_precision(10**5, 3 * 10**5) - 0.25) < 1e-4


def test_influences_are_those_of_weights(rng):
    """The same functional of weighted values, one weight raised, at a fixed share of positives."""
    x, y = rng.normal(0.5, 1, size=15), rng.normal(size=10)
    metric = average_precision_metric()
    found = metric.influence(metric.accumulate(metric.empty(), positives=x, negatives=y))

    def area(u, v):
        s = ((x[None] >= x[:, None]) * u).sum(1)
        t = ((y[None] >= x[:, None]) * v).sum(1)
        return (u * 15 * s / (15 * s + 10 * t)).sum()

    u, v, step = np.full(15, 1 / 15), np.full(10, 0.1), 1e-6
    for name, which in (("positives", 0), ("negatives", 1)):
        for index in range((15, 10)[which]):
            weights = [u.copy(), v.copy()]
            weights[which] *= 1 - step
            weights[which][index] += step
            slope = (area(*weights) - area(u, v)) / step
            assert abs(found.by_sample[name][index] - slope) < 1e-4


def test_perfect_order_has_no_interval_and_says_so():
    found = average_precision(positives=[3.0, 2.0], negatives=[1.0, 0.0])
    assert float(found.value) == 1
    assert found.flags == ("the standard error is not known",)


def test_bad_values_are_refused():
    with pytest.raises(ValueError, match="two or more"):
        average_precision(positives=[1.0], negatives=[1.0, 2.0])
