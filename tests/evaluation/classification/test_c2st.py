"""Classifier two-sample test against Bayes limits, its null, ceiling and refusals."""

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from jgen.evaluation import c2st, c2st_metric, compare
from jgen.evaluation.classification import classifiers
from jgen.evaluation.classification.c2st import _placements
from tests.helpers.false_alarms import z_of


def check_bayes(metric_of):
    """Come near Phi(d/2) and Phi(d/sqrt 2) for Gaussians d apart, at ten times as many generated rows.

    A linear classifier of one feature loses O(1/n) to the best one.
    """
    rng, d = np.random.default_rng(0), 1.5
    x, y = rng.normal(size=(150, 1)) + d, rng.normal(size=(1500, 1))
    found = metric_of(real=x, generated=y, classifier=classifiers.logistic, num_folds=3, num_permutations=0)
    for result, truth in zip(found[:2], (norm.cdf(d / 2), norm.cdf(d / 2**0.5)), strict=True):
        assert (
            abs(result.value - truth) < z_of(2) * 0.5 / 150**0.5 * (0.5 if result is found[0] else 1) + 0.01
        )
        assert result.value > 0.7


def test_accuracy_and_auc_come_near_the_best_classifier():
    check_bayes(c2st)


def check_null(metric_of):
    """Read 0.5 for one distribution at any sizes; a classifier that remembers its test rows reads 1."""
    rng = np.random.default_rng(0)
    found = [
        metric_of(
            real=rng.normal(size=(20, 1)),
            generated=rng.normal(size=(40, 1)),
            classifier=classifiers.nearest,
            num_folds=2,
            num_permutations=0,
            seed=seed,
        )
        for seed in range(6)
    ]
    for number in (0, 1):
        values = np.array([float(one[number].value) for one in found])
        assert abs(values.mean() - 0.5) < z_of(2) * 0.15 / len(found) ** 0.5  # sd of one at most .15
    assert all(one[2].flags == ("num_permutations is 0",) for one in found)


def test_one_distribution_reads_a_half():
    check_null(c2st)


def check_ceiling(metric_of):
    """Tell samples apart that lie apart: 1, the ceiling, with the least p-value and an interval below it."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(25, 2)) + 20
    found = metric_of(real=x, generated=y, num_folds=3, num_permutations=19)
    assert found.accuracy.value == found.auc.value == found.accuracy.ceiling == 1
    assert 0.9 < found.accuracy.low < 1
    assert found.p_value.value == 1 / 20
    assert found.accuracy.flags == ()
    assert abs(found.accuracy.null.value - 0.5) < 0.15


def test_samples_apart_read_the_ceiling():
    check_ceiling(c2st)


def test_variances_are_seen_by_the_default_and_not_by_a_linear_classifier(rng):
    x, y = rng.normal(size=(150, 1)), 3 * rng.normal(size=(150, 1))
    accuracy = {
        name: c2st(
            real=x, generated=y, classifier=getattr(classifiers, name), num_folds=2, num_permutations=0
        ).accuracy.value
        for name in ("quadratic", "logistic", "neighbours")
    }
    assert accuracy["quadratic"] > 0.65
    assert accuracy["neighbours"] > 0.65
    assert accuracy["logistic"] < 0.65


def test_placements_are_those_of_mann_and_whitney(rng):
    probability, is_real = rng.integers(0, 5, size=30) / 5, np.arange(30) < 12
    found = _placements(probability, is_real)
    statistic = rankdata(probability)[is_real].sum() - 12 * 13 / 2
    np.testing.assert_allclose(found[is_real].mean(), statistic / (12 * 18))
    np.testing.assert_allclose(found[~is_real].mean(), statistic / (12 * 18))


def test_order_and_batches_leave_the_value(rng):
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(15, 2)) + 1
    metric = c2st_metric(num_folds=2, num_permutations=0)
    state = metric.accumulate(metric.empty(), generated=y[9:])
    state = metric.merge(state, metric.accumulate(metric.empty(), real=x[::-1], generated=y[:9]))
    first, second = metric.compute(state), c2st(real=x, generated=y, num_folds=2, num_permutations=0)
    assert first.accuracy.value == second.accuracy.value
    assert first.auc[:3] == second.auc[:3]
    influence = metric.influence(state).accuracy
    assert influence.value == first.accuracy.value
    error = np.hypot(*(one.std(ddof=1) / len(one) ** 0.5 for one in influence.by_sample.values()))
    np.testing.assert_allclose(first.accuracy.standard_error, error, rtol=0.3)
    other = c2st(real=x, generated=y, classifier=classifiers.neighbours, num_folds=2, num_permutations=0)
    with pytest.raises(ValueError, match="classifier is"):
        compare(first.accuracy, other.accuracy)


def check_p_value(metric_of):
    """Hold p-values at the null to uniform ones, by DKW at 1e-6."""
    rng, repeats = np.random.default_rng(0), 150
    found = [
        float(
            metric_of(
                real=rng.normal(size=(7, 1)),
                generated=rng.normal(size=(8, 1)),
                classifier=classifiers.logistic,
                num_folds=2,
                num_permutations=9,
                seed=seed,
            )[2].value
        )
        for seed in range(repeats)
    ]
    excess = [np.mean(np.array(found) <= k / 10) - k / 10 for k in range(1, 11)]
    assert max(excess) < np.sqrt(np.log(1 / 1e-6) / (2 * repeats))


@pytest.mark.slow
def test_p_values_are_at_least_uniform_at_the_null():
    """Ties of the accuracy make them larger."""
    check_p_value(c2st)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"real": np.zeros((11, 1))}, "12"),
        ({"num_folds": 1}, "2 or more"),
        ({"generated": np.full((20, 1), np.nan)}, "NaN"),
        ({"generated": np.zeros((20, 2))}, "rows of one size"),
    ],
)
def test_bad_input_is_refused(options, words):
    samples = {"real": np.arange(20.0)[:, None], "generated": np.zeros((20, 1))}
    with pytest.raises(ValueError, match=words):
        c2st(**(samples | options))


def test_constant_features_read_a_half():
    found = c2st(real=np.ones((20, 2)), generated=np.ones((20, 2)), num_folds=2, num_permutations=0)
    assert found.accuracy.value == found.auc.value == 0.5
    assert "beyond_resolution" in found.accuracy.flags


def test_a_name_is_no_classifier():
    with pytest.raises(TypeError, match="got 'oracle'"):
        c2st(real=np.zeros((20, 1)), generated=np.zeros((20, 1)), classifier="oracle")
