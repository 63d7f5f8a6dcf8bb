"""Check the Vendi Score against exact spectra, its null, and the entropy without each row."""

import sys

import numpy as np
import pytest

from jgen.evaluation import vendi, vendi_metric
from jgen.evaluation.vendi import left_out
from tests.helpers.false_alarms import z_of


def this():
    return sys.modules["jgen.evaluation.vendi"]


@pytest.mark.parametrize("dim", [7, 20])
def test_orthonormal_rows_read_their_number(dim, rng):
    rows = np.linalg.qr(rng.normal(size=(20, 20)))[0][:7, :dim] if dim == 20 else np.eye(7)
    found = vendi(real=rows, generated=rows)
    assert abs(found.value - 7) < 1e-10
    assert found.ceiling == 7
    assert "beyond_resolution" in found.flags


@pytest.mark.parametrize("length", [None, 0.5])
def test_even_clusters_read_their_number(length):
    rows = 20 * np.repeat(np.eye(5), 12, 0)
    assert abs(vendi(real=rows, generated=rows, length=length).value - 5) < 1e-10


def test_the_limit_of_normal_rows_with_a_gaussian_kernel(rng):
    """The spectrum of the operator (1 - B) B^j, and a sample of 800 rows, whose bias is below 1 %."""
    a, b = 1 / 4, 1 / 2
    ratio = b / (a + b + np.sqrt(a**2 + 2 * a * b))
    entropy = -np.log1p(-ratio) - ratio / (1 - ratio) * np.log(ratio)
    assert abs(np.exp(entropy) - 2.93298992) < 5e-9
    rows = rng.normal(size=(800, 1))
    found = vendi(real=rows[:100], generated=rows, length=1.0)
    assert abs(found.value - 2.93298992) < 6 * found.standard_error + 0.01 * 2.93
    assert found.standard_error < 0.08


def test_both_sides_of_the_cosine_have_one_spectrum(rng):
    """dim x dim where there are more rows, rows x rows where there are fewer: with zeros for columns."""
    rows = rng.normal(size=(30, 12)) + 1
    wide = np.concatenate([rows, np.zeros((30, 20))], 1)
    one, other = (vendi(real=x, generated=x) for x in (rows, wide))
    np.testing.assert_allclose(one[:3], other[:3], rtol=1e-9)
    assert (one.ceiling, other.ceiling) == (12, 30)


@pytest.mark.parametrize("length", [None, 1.0])
def test_the_entropy_without_a_row_is_that_of_the_other_rows(length, rng):
    module = this()
    rows = np.concatenate([rng.normal(size=(25, 3)), [[40.0, 40, 40]]])

    def spectrum(rows):
        values, coordinates = module._of_cosine(rows) if length is None else module._of_distance(rows, length)
        kept = values > 1e-14
        return values[kept], coordinates[:, kept]

    def entropy(rows):
        values, _ = spectrum(rows)
        return -(values * np.log(values)).sum()

    exact = [entropy(np.delete(rows, i, 0)) for i in range(len(rows))]
    np.testing.assert_allclose(left_out(*spectrum(rows), entropy(rows)), exact, atol=1e-9)


def check_roles(module):
    """The value is that of the generated rows, and the null that of as many real ones."""
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(600, 2)), 0.2 * rng.normal(size=(150, 2))
    found = module.vendi(real=real, generated=generated, length=1.0)
    swapped = module.vendi(real=generated, generated=real, length=1.0)
    assert found.value < 2 < found.null.value
    assert swapped.value > 2 > swapped.null.value
    assert (found.null.n, found.null.method) == (150, "mean of 4 parts of 150 real rows")
    assert abs(np.log(found.null.value / swapped.value)) < 0.15  # fewer rows read a little less
    assert swapped.null.n == 150


def test_the_value_is_of_generated_rows_and_the_null_of_real_ones():
    check_roles(this())


def test_even_clusters_have_the_variance_of_second_order(rng):
    """Half a chi-square of m - 1 over n: the mean of the variances is 1 to 1.7 times (m - 1) / 2 n^2."""
    variances, values = [], []
    for _ in range(200):
        rows = np.eye(5)[rng.integers(5, size=100)]
        found = vendi(real=rows, generated=rows)
        values.append(np.log(found.value))
        variances.append((np.log(found.high / found.low) / 2 / 1.96) ** 2)
    assert abs(np.var(values) / 2e-4 - 1) < z_of(2) * np.sqrt(5 / 200)
    assert 0.9 * 2e-4 < np.mean(variances) < 1.8 * 2e-4


def test_influences_have_the_variance_of_the_value(rng):
    rows = rng.normal(size=(200, 3)) + 2
    metric = vendi_metric()
    state = metric.accumulate(metric.empty(), real=rows, generated=rows)
    influence, found = metric.influence(state), metric.compute(state)
    assert influence.value == found.value
    assert abs(influence.by_sample["generated"].std() / 200**0.5 / found.standard_error - 1) < 0.1


def test_bad_samples_and_options_are_refused_or_flagged(rng):
    rows = rng.normal(size=(20, 3))
    with pytest.raises(ValueError, match="length must be positive"):
        vendi_metric(length=0.0)
    with pytest.raises(ValueError, match="2 rows have zeros alone"):
        vendi(real=rows, generated=rows * (np.arange(20) > 1)[:, None])
    with pytest.raises(ValueError, match="two rows or more; generated has 1"):
        vendi(real=rows, generated=rows[:1])
    collapsed = vendi(real=rows, generated=np.ones((20, 3)))
    assert collapsed.flags == ("all rows of generated are equal",)
    assert abs(collapsed.value - 1) < 1e-12
