"""Hold the area under the ROC curve to a count of pairs, to its value for normals, and to faults."""

import sys

import numpy as np
import pytest

from jgen.evaluation import auroc, auroc_metric
from jgen.evaluation.auroc import area_of_normals

MODULE = sys.modules["jgen.evaluation.auroc"]


def check_pairs(module):
    """Compare with a count of all pairs, of which many are ties."""
    rng = np.random.default_rng(0)
    x, y = np.round(rng.normal(0.5, 1, size=40)), np.round(rng.normal(size=30))
    count = (x[:, None] > y).mean() + 0.5 * (x[:, None] == y).mean()
    assert abs(float(module.auroc(positives=x, negatives=y).value) - count) < 1e-12


def test_ties_count_a_half():
    check_pairs(MODULE)
    constant = auroc(positives=np.ones(5), negatives=np.ones(7))
    assert float(constant.value) == 0.5
    assert float(constant.low) < 0.5 < float(constant.high)


def test_normals_have_the_known_area(rng):
    """Phi(d / sqrt 2) at d = 1 within 5 standard errors, which DeLong's components give."""
    found = auroc(positives=rng.normal(1, 1, size=4000), negatives=rng.normal(size=3000))
    assert abs(float(found.value) - area_of_normals(-1.0)) < 5 * float(found.standard_error)
    assert abs(area_of_normals(-1.0) - 0.7602499) < 1e-7


def test_influences_are_those_of_leaving_a_value_out(rng):
    """The area is linear in each sample, so the jackknife is exact."""
    x, y = rng.normal(size=12), rng.normal(size=9)
    metric = auroc_metric()
    found = metric.influence(metric.accumulate(metric.empty(), positives=x, negatives=y))
    without = [float(auroc(positives=np.delete(x, i), negatives=y).value) for i in range(12)]
    np.testing.assert_allclose(
        found.by_sample["positives"], 11 * (found.value - np.array(without)), atol=1e-12
    )
    without = [float(auroc(positives=x, negatives=np.delete(y, i)).value) for i in range(9)]
    np.testing.assert_allclose(
        found.by_sample["negatives"], 8 * (found.value - np.array(without)), atol=1e-12
    )


def test_the_null_is_that_of_ranks(rng):
    read = [
        float(auroc(positives=rng.normal(size=8), negatives=rng.normal(size=5)).value) for _ in range(400)
    ]
    null = auroc(positives=rng.normal(size=8), negatives=rng.normal(size=5)).null
    sd = float(null.standard_error)
    assert abs(np.mean(read) - 0.5) < 5 * sd / 20
    assert abs(np.std(read) / sd - 1) < 5 / np.sqrt(2 * 400)


def test_pairs_in_order_have_an_interval_too():
    found = auroc(positives=np.arange(10.0) + 20, negatives=np.arange(10.0))
    assert float(found.value) == 1 == float(found.high)
    assert 0.6 < float(found.low) < 0.95
    assert found.flags == ()


@pytest.mark.parametrize(
    ("positives", "words"),
    [([1.0], "two or more"), ([], "one number per example"), ([np.nan, 1.0], "1 of 2"), ([1j, 2j], "real")],
)
def test_bad_values_are_refused(positives, words):
    with pytest.raises(ValueError, match=words):
        auroc(positives=positives, negatives=[1.0, 2.0])
