"""Check the Inception Score against exact mutual informations, its expectation at n, and splits."""

import sys

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import xlogy

from jgen.evaluation import compare, inception_score, inception_score_metric
from jgen.evaluation.inception_score import perfect_score
from tests.helpers.false_alarms import z_of


def this():
    return sys.modules["jgen.evaluation.inception_score"]


@pytest.mark.parametrize("num_classes", [2, 10])
def test_even_certain_classes_read_their_number(num_classes):
    found = inception_score(probabilities=np.eye(num_classes)[np.arange(40 * num_classes) % num_classes])
    assert abs(found.value - num_classes) < 1e-12
    assert found.ceiling == num_classes
    assert found.null.value < found.value < found.high


@pytest.mark.parametrize("row", [[0.2, 0.8], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0], np.full(10, 0.1)], ids=len)
def test_equal_rows_read_1(row):
    found = inception_score(probabilities=np.tile(row, (30, 1)))
    assert abs(found.value - 1) < 1e-12
    assert np.isfinite(found.low)


def mutual_information(a):
    """Integrate log IS of two labels at N(+-a, 1) under the Bayes classifier."""

    def integrand(x):
        p = 1 / (1 + np.exp(-2 * a * x))
        entropy = -(p * np.log(p) + (1 - p) * np.log1p(-p)) if 0 < p < 1 else 0.0
        return (stats.norm.pdf(x, a) + stats.norm.pdf(x, -a)) / 2 * entropy

    return np.log(2) - integrate.quad(integrand, -a - 9, a + 9, epsabs=1e-12)[0]


@pytest.mark.parametrize(("a", "value"), [(0.5, 0.11142148), (1.0, 0.33683082)])
def test_two_normals_under_the_bayes_classifier(a, value, rng):
    """By quadrature, and by samples within 6 of the errors printed."""
    assert abs(mutual_information(a) - value) < 5e-9
    x = rng.normal(size=20_000) + a * rng.choice([-1, 1], size=20_000)
    p = 1 / (1 + np.exp(-2 * a * x))
    found = inception_score(probabilities=np.stack([p, 1 - p], 1))
    error = found.standard_error / found.value
    assert abs(np.log(found.value) - value) < 6 * error
    assert error < 0.02 * value


@pytest.mark.parametrize(("num_classes", "n", "value"), [(10, 100, 9.551), (1000, 5000, 900.7)])
def test_a_perfect_model_reads_less_at_finite_n(num_classes, n, value, rng):
    """By the binomial sum, and by simulated labels."""
    found = perfect_score(num_classes, n)
    assert abs(found.value - value) < 6e-4 * 10 ** (np.floor(np.log10(value)))
    shares = rng.multinomial(n, np.full(num_classes, 1 / num_classes), size=100) / n
    log_scores = -xlogy(shares, shares).sum(1)
    log_sd = np.log(found.high / found.low) / 4
    assert abs(np.mean(log_scores) - np.log(found.value)) < z_of(2) * log_sd / len(log_scores) ** 0.5


def check_splits(module):
    """Sets that are generated class by class read as many classes in splits as others."""
    labels = np.sort(np.arange(600) % 6)
    rng = np.random.default_rng(0)
    for rows in (np.eye(6)[labels], 0.9 * np.eye(6)[labels] + 0.1 * rng.dirichlet(np.ones(6), size=600)):
        split = module.inception_score(probabilities=rows, num_splits=10)
        whole = module.inception_score(probabilities=rows)
        # Parts of 60 rows of 6 classes read 4 % less in the mean.
        assert 0.9 * whole.value < split.value < whole.value


def test_splits_are_of_shuffled_rows():
    check_splits(this())


def test_splits_average_scores_and_have_their_own_protocol(rng):
    rows = rng.dirichlet(np.full(4, 0.2), size=400)
    one, ten = (inception_score(probabilities=rows, num_splits=s) for s in (1, 10))
    assert ten.ceiling == 4
    assert 0.5 < ten.standard_error / one.standard_error < 2
    with pytest.raises(ValueError, match="num_splits is 1 and 10"):
        compare(one, ten)
    metric = inception_score_metric(num_splits=10)
    influence = metric.influence(metric.accumulate(metric.empty(), probabilities=rows))
    error = influence.by_sample["probabilities"].std() / 20
    assert abs(error / ten.standard_error - 1) < 0.2
    assert influence.value == ten.value


def check_intervals(module):
    """Even certain classes have no linear part: the rest is a chi-square of 4, of variance 8 / 4 n^2."""
    rng = np.random.default_rng(0)
    draws = [rng.multinomial(1, np.full(5, 0.2), size=100) for _ in range(300)]
    found = [module.inception_score(probabilities=rows.astype(float)) for rows in draws]
    truth = perfect_score(5, 100).value
    covered = np.mean([one.low <= truth <= one.high for one in found])
    assert covered > 0.95 - z_of(1) * np.sqrt(0.95 * 0.05 / 300)
    variance = np.mean([(np.log(one.high / one.low) / 2 / 1.96) ** 2 for one in found])
    assert 0.9 * 8 / 4e4 < variance < 1.7 * 8 / 4e4


def test_intervals_cover_where_there_is_no_linear_part():
    check_intervals(this())


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1.0, 2.0], [0.5, 0.5]], "1 of 2 rows of probabilities are no probabilities"),
        ([[-0.5, 1.5], [0.5, 0.5]], "pass a softmax"),
        ([[np.nan, 0.5], [0.5, 0.5]], "no probabilities"),
        ([[1.0], [1.0]], "two classes or more"),
        ([0.5, 0.5], "must be"),
        ([[0.5, 0.5]], "two rows or more"),
    ],
)
def test_what_is_no_probabilities_is_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        inception_score(probabilities=rows)


def test_fewer_than_one_split_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        inception_score_metric(num_splits=0)
