"""Train on synthetic, test on real: which set trains, at what size, and the paired difference."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from jgen.evaluation import compare, train_on_synthetic, train_on_synthetic_metric
from jgen.evaluation.classification import classifiers


def samples(rng, flipped=False, sizes=(80, 60, 400)):
    """Draw two classes two apart; generated labels may be turned round."""
    found = {}
    for name, size in zip(("real", "generated", "test"), sizes, strict=True):
        labels = np.arange(size) % 2
        found[name] = rng.normal(size=(size, 1)) + 2.0 * labels[:, None]
        found[f"{name}_labels"] = 1 - labels if flipped and name == "generated" else labels
    return found


def check_roles(metric_of):
    """Read the accuracy of generated labels: turned round, it is 1 - Phi(1), while real rows read Phi(1)."""
    rng = np.random.default_rng(0)
    found = metric_of(**samples(rng, flipped=True))
    assert found.generated.high < 0.5 < found.real.low
    assert found.difference.high < 0
    assert abs(found.real.value - norm.cdf(1)) < 0.12
    np.testing.assert_allclose(found.difference.value, found.generated.value - found.real.value)


def test_generated_rows_train_and_real_rows_are_beside():
    check_roles(train_on_synthetic)


def check_size(metric_of):
    """Train both on as many rows: six of 200 real ones do not remember the labels of all."""
    rng = np.random.default_rng(0)
    given = samples(rng, sizes=(200, 6, 200))
    given |= {"test": given["real"], "real_labels": given["real_labels"][rng.permutation(200)]}
    found = metric_of(**(given | {"test_labels": given["real_labels"]}), classifier=classifiers.nearest)
    assert found.real.value < 0.9
    assert found.real.protocol["training rows"] == 6
    with pytest.raises(ValueError, match="training rows is"):
        compare(found.real, metric_of(**samples(rng), classifier=classifiers.nearest).real)


def test_sizes_are_equal():
    check_size(train_on_synthetic)


def test_the_same_rows_differ_by_nothing(rng):
    given = samples(rng, sizes=(60, 60, 100))
    same = given | {"generated": given["real"], "generated_labels": given["real_labels"]}
    found = train_on_synthetic(**same)
    assert found.generated.value == found.real.value
    assert (found.difference.value, found.difference.low) == (0, -0.03)
    ends = binomtest(round(100 * float(found.real.value)), 100).proportion_ci(method="wilson")
    np.testing.assert_allclose(found.real[1:3], ends)
    assert found.real.null.value == 0.5


def test_order_and_influence(rng):
    given = samples(rng)
    metric = train_on_synthetic_metric()
    reversed_rows = {name: rows[::-1] for name, rows in given.items()}
    found = metric.compute(metric.accumulate(metric.empty(), **reversed_rows))
    assert found.generated.value == train_on_synthetic(**given).generated.value
    influence = metric.influence(metric.accumulate(metric.empty(), **given)).difference
    error = influence.by_sample["test"].std(ddof=1) / 400**0.5
    np.testing.assert_allclose(found.difference.standard_error, error, rtol=0.1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"generated_labels": np.zeros(60, int)}, "1 label"),
        ({"test_labels": np.zeros(3, int)}, "400 rows and 3 labels"),
        ({"real_labels": np.zeros(80)}, "whole numbers"),
        ({"test": np.zeros((400, 2))}, "rows of one size"),
        ({"test": np.zeros((1, 1)), "test_labels": np.zeros(1, int)}, "two test rows"),
    ],
)
def test_bad_input_is_refused(options, words, rng):
    with pytest.raises(ValueError, match=words):
        train_on_synthetic(**(samples(rng) | options))


def test_a_name_is_no_classifier(rng):
    with pytest.raises(TypeError, match="got 'oracle'"):
        train_on_synthetic(**samples(rng), classifier="oracle")
