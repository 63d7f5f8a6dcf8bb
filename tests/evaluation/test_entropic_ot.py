"""Entropic OT and Sinkhorn divergence between Gaussians, their nulls and flags."""

import numpy as np
import pytest

from jgen.evaluation import compare, entropic_ot, entropic_ot_metric
from tests.helpers.false_alarms import z_of
from tests.helpers.gaussian_distances import entropic_cost


def check_divergence(metric_of):
    """Hold the mean divergence of repeats to 1, its value for two Gaussians 1 apart, and to 0 for one."""
    rng = np.random.default_rng(0)
    for shift in (0.0, 1.0):
        found = [
            float(
                metric_of(
                    real=rng.normal(size=(40, 1)),
                    generated=rng.normal(size=(40, 1)) + shift,
                    eps=1.0,
                    num_splits=4,
                    seed=seed,
                ).divergence.value
            )
            for seed in range(24)
        ]
        error = np.std(found) / len(found) ** 0.5
        assert (
            abs(np.mean(found) - shift) < z_of(2) * error + 0.02
        )  # the bias is of first order only at the null


def test_divergence_of_gaussians():
    check_divergence(entropic_ot)


def test_cost_of_gaussians_is_within_its_error(rng):
    x, y = rng.normal(size=(400, 2)), rng.normal(size=(300, 2)) + 0.5
    cost = entropic_ot(real=x, generated=y, eps=2.0, num_splits=2).cost
    truth = entropic_cost(0.5**0.5, 1, 1, 2.0, 2)
    assert abs(cost.value - truth) < 6 * cost.standard_error
    assert cost.null.value > 0
    assert "marginal error" in cost.method


@pytest.mark.slow
def test_influence_is_that_of_a_row_left_out(rng):
    x, y = rng.normal(size=(60, 1)), rng.normal(size=(50, 1)) + 1
    metric = entropic_ot_metric(eps=1.0, tolerance=1e-10, num_splits=2)
    whole = metric.influence({"real": x, "generated": y})
    without = metric.influence({"real": np.delete(x, 3, 0), "generated": y})
    for one, other in zip(whole, without, strict=True):
        change = (len(x) - 1) * (one.value - other.value)
        assert abs(change - one.by_sample["real"][3]) < 0.1 * np.ptp(one.by_sample["real"])
        assert len(one.by_sample["generated"]) == 50


def test_what_is_not_converged_is_flagged(rng):
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(20, 2)) + 3
    found = entropic_ot(real=x, generated=y, eps=0.05, max_iterations=2, num_splits=2)
    assert all(np.isnan(one.low) and "not converged" in one.flags[-1] for one in found)


def test_eps_is_of_the_real_rows(rng):
    x, y = rng.normal(size=(40, 2)), rng.normal(size=(30, 2))
    first = entropic_ot(real=x, generated=y, num_splits=2).cost
    other = entropic_ot(real=x[::-1], generated=3 * y, num_splits=2).cost
    assert first.protocol == other.protocol
    assert first.protocol["eps"] == float(f"{x.var(0).sum() / 10:.6g}")
    with pytest.raises(ValueError, match="eps is"):
        compare(first, entropic_ot(real=x, generated=y, eps=1.0, num_splits=2).cost)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"real": np.ones((7, 1))}, "8 rows"),
        ({"real": np.ones((9, 1))}, "state eps"),
        ({"eps": -1.0}, "above 0"),
        ({"num_splits": 1}, "2 or more"),
        ({"generated": np.full((9, 1), np.nan)}, "NaN"),
    ],
)
def test_bad_input_is_refused(options, words):
    samples = {"real": np.arange(9.0)[:, None], "generated": np.zeros((9, 1))}
    with pytest.raises(ValueError, match=words):
        entropic_ot(**(samples | options))
