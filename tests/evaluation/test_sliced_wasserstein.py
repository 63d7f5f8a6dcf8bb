"""Sliced Wasserstein distance against closed forms, a linear program, and its null."""

import numpy as np
import pytest

from jgen.evaluation import compare, sliced_wasserstein, sliced_wasserstein_metric
from tests.evaluation.test_quantile_coupling import by_linear_program
from tests.helpers.false_alarms import z_of


def check_truth(metric_of):
    """Hold the mean of repeats to d^2 / D + (s1 - s2)^2, at n != m and by other directions each."""
    rng = np.random.default_rng(0)
    for dim, scale, truth in ((1, 1.0, 1.0), (3, 1.5, 1 / 3 + 0.25)):
        shift = np.eye(dim)[0]
        found = [
            float(
                metric_of(
                    real=rng.normal(size=(80, dim)),
                    generated=scale * rng.normal(size=(60, dim)) + shift,
                    num_projections=16,
                    seed=seed,
                )[0].value
            )
            for seed in range(60)
        ]
        assert abs(np.mean(found) - truth) < z_of(2) * np.std(found) / 60**0.5


def test_debiased_value_is_that_of_the_distributions():
    check_truth(sliced_wasserstein)


def test_directions_average_the_square_of_a_shift(rng):
    """E (u'd)^2 = |d|^2 / D exactly; equal shapes leave nothing else."""
    x = rng.normal(size=(40, 5))
    found = sliced_wasserstein(real=x, generated=x + np.arange(5.0), num_projections=4000).plain
    spread = found.high - found.low
    assert abs(found.value - 30 / 5) < 30 / 5 * z_of(1) * (2 * 5 / 7 - 2 / 7) ** 0.5 / 4000**0.5
    assert spread > 0


def test_on_a_line_it_is_optimal_transport(rng):
    x, y = rng.normal(size=(12, 1)), rng.exponential(size=(9, 1))
    plain = sliced_wasserstein(real=x, generated=y).plain
    np.testing.assert_allclose(plain.value, by_linear_program(x[:, 0], y[:, 0]), rtol=1e-8)
    assert plain.null.n == 9


def test_a_set_with_itself_is_at_zero(rng):
    x = rng.normal(size=(40, 3))
    found = sliced_wasserstein(real=x, generated=x)
    assert found.plain.value == 0
    assert found.debiased.low < 0 < found.debiased.high
    assert "beyond_resolution" in found.debiased.flags


def test_null_is_what_two_samples_of_one_distribution_read(rng):
    """The simulated null is within a quarter of the mean over fresh pairs."""
    pairs = [rng.normal(size=(2, 100, 3)) for _ in range(20)]
    found = [sliced_wasserstein(real=x, generated=y[:60], num_projections=16).plain for x, y in pairs]
    null, value = (np.mean([float(one.value) for one in some]) for some in ([r.null for r in found], found))
    assert abs(null / value - 1) < 0.25


def test_order_batches_and_protocol(rng):
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(20, 2)) + 1
    metric = sliced_wasserstein_metric(num_projections=8)
    first = metric.accumulate(metric.empty(), generated=y[12:])
    merged = metric.compute(metric.merge(first, metric.accumulate(metric.empty(), generated=y[:12], real=x)))
    whole = sliced_wasserstein(real=x[::-1], generated=y, num_projections=8)
    np.testing.assert_allclose(np.array(merged.debiased[:3]), np.array(whole.debiased[:3]), rtol=1e-9)
    influence = metric.influence({"real": x, "generated": y}).debiased
    np.testing.assert_allclose(influence.value, whole.debiased.value, rtol=1e-9)
    reordered = metric.influence({"real": x[::-1], "generated": y}).debiased
    np.testing.assert_allclose(
        reordered.by_sample["real"][::-1], influence.by_sample["real"], rtol=1e-9, atol=1e-12
    )
    with pytest.raises(ValueError, match="projections is 8 and 9"):
        compare(whole.debiased, sliced_wasserstein(real=x, generated=y, num_projections=9).debiased)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"real": np.zeros((7, 2))}, "8 rows"),
        ({"real": np.zeros((9, 2)), "generated": np.zeros((9, 2))}, "nothing to compare"),
        ({"real": np.full((9, 2), np.inf)}, "infinity"),
        ({"num_projections": 1}, "2 or more"),
    ],
)
def test_bad_input_is_refused(options, words):
    samples = {"real": np.ones((9, 2)), "generated": np.zeros((9, 2))}
    with pytest.raises(ValueError, match=words):
        sliced_wasserstein(**(samples | options))
