"""MMD against closed forms between Gaussians, quadrature and simulation; its length, null and refusals."""

import numpy as np
import pytest
from scipy.stats import norm

from jgen.evaluation import compare, mmd, mmd_metric as make_metric
from jgen.evaluation.mmd import recipe
from tests.helpers.false_alarms import z_of
from tests.helpers.gaussian_distances import mmd_squared

KNOWN = [((1.0, 1, 1, 1, 1), 0.17726763), ((1.0, 1, 1, 1, 10), 0.00126352), ((0.0, 1, 2, 1, 2), 1 / 9)]


@pytest.mark.parametrize(("arguments", "value"), KNOWN)
def test_closed_form_reads_the_known_values(arguments, value):
    np.testing.assert_allclose(mmd_squared(*arguments), value, atol=5e-9)


def test_closed_form_is_that_of_quadrature():
    """The trapezoidal rule converges faster than any power for these densities."""
    grid = np.linspace(-10, 11, 400)
    kernel = np.exp(-(np.subtract.outer(grid, grid) ** 2) / 2) * (grid[1] - grid[0]) ** 2
    witness = norm.pdf(grid) - norm.pdf(grid, 1)
    np.testing.assert_allclose(witness @ kernel @ witness, KNOWN[0][1], atol=5e-9)


def test_truth_of_the_recipe_is_the_closed_form():
    for shift in (0.0, 0.5, 2.0):
        np.testing.assert_allclose(recipe().truth(shift), mmd_squared(2 * shift, 1, 1, 1, 4), atol=1e-14)


def check_known(metric_of):
    """Hold the mean of repeated estimates to the known values, at n != m: it is unbiased."""
    rng = np.random.default_rng(0)
    for (distance, s1, s2, length, dim), value in KNOWN:
        shift = np.eye(dim)[0] * distance
        found = [
            float(
                metric_of(
                    real=s1 * rng.normal(size=(40, dim)),
                    generated=s2 * rng.normal(size=(25, dim)) + shift,
                    length=length,
                    num_permutations=1,
                )[0].value
            )
            for _ in range(80)
        ]
        error = np.std(found, ddof=1) / len(found) ** 0.5
        assert abs(np.mean(found) - value) < z_of(3) * error


def test_estimate_is_unbiased():
    check_known(mmd)


def check_length(metric_of):
    """Take the length from real rows only, in any order of rows, and refuse to compare two lengths."""
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(60, 2)), 3 * rng.normal(size=(50, 2))
    first = metric_of(real=real, generated=generated, num_permutations=9)
    other = metric_of(real=real[::-1], generated=generated + 1, num_permutations=9)
    assert first[0].protocol == other[0].protocol
    assert abs(first[0].protocol["length"] - 2 * np.sqrt(np.log(2))) < 0.5  # r^2 / 4 is exponential
    assert first[1].protocol["length"] > 1.2 * first[0].protocol["length"]  # pooled, for an exact test
    compare(first[0], other[0])
    with pytest.raises(ValueError, match="length is"):
        compare(first[0], metric_of(real=real, generated=generated, length=1.0, num_permutations=9)[0])


def test_length_is_the_median_of_real_rows():
    check_length(mmd)


def test_batches_and_order_leave_the_value(rng):
    real, generated = rng.normal(size=(30, 2)), rng.normal(size=(20, 2)) + 1
    metric = make_metric(num_permutations=49)
    first = metric.accumulate(metric.empty(), generated=generated[12:], real=real[:3])
    second = metric.accumulate(metric.empty(), real=real[3:])
    third = metric.accumulate(metric.empty(), generated=generated[:12])
    merged = metric.compute(metric.merge(first, metric.merge(second, third)))
    whole = mmd(real=real, generated=generated, num_permutations=49)
    np.testing.assert_allclose(merged.squared[:3], whole.squared[:3], rtol=1e-10)
    assert merged.p_value.value == whole.p_value.value
    assert metric.influence(third | second | {"real": real}).squared.value == pytest.approx(
        float(mmd(real=real, generated=generated[:12]).squared.value), rel=1e-10
    )


def test_null_and_flag(rng):
    same = mmd(real=rng.normal(size=(100, 2)), generated=rng.normal(size=(80, 2)), length=1.0)
    null = same.squared.null
    assert null.low < 0 < null.high
    assert ("beyond_resolution" in same.squared.flags) == (null.low <= same.squared.value <= null.high)
    far = mmd(real=rng.normal(size=(100, 2)), generated=rng.normal(size=(80, 2)) + 2, length=1.0)
    assert far.squared.flags == ()
    assert far.p_value.value == 1 / 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"real": np.zeros((3, 1))}, "4 rows"),
        ({"real": np.zeros((9, 1))}, "state length"),
        ({"real": np.full((9, 1), np.nan)}, "9 of 9 rows of real"),
        ({"real": np.zeros((9, 2))}, "rows of one size"),
        ({"length": 0.0}, "above 0"),
        ({"num_permutations": 0}, "1 or more"),
    ],
)
def test_bad_input_is_refused(options, words):
    samples = {"real": np.arange(9.0)[:, None], "generated": np.arange(9.0)[:, None]}
    with pytest.raises(ValueError, match=words):
        mmd(**(samples | options))


def test_a_collapsed_generator_is_told_apart(rng):
    found = mmd(real=rng.normal(size=(50, 2)), generated=np.zeros((50, 2)))
    assert found.squared.low > 0
    assert found.p_value.value == 1 / 200
