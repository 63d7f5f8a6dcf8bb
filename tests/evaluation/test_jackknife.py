"""The grouped jackknife has the variance of means, of ratios, and of two samples."""

import sys

import numpy as np
import pytest

from jgen.evaluation.jackknife import jackknife
from jgen.evaluation.metric import result_of


def variance_of(influence):
    return sum(sample.var(ddof=1) / len(sample) for sample in influence.by_sample.values())


def ratio(rows):
    value = rows["real"].mean() / rows["generated"].mean()
    return result_of(value, 0.0, 1, "ratio", {})


def check_mean(module):
    """One row a group is exact for a mean."""
    rows = np.random.default_rng(0).normal(size=15)
    compute = lambda samples: result_of(samples["real"].mean(), 0.0, 1, "mean", {})  # noqa: E731
    influence = module.jackknife(compute, {"real": rows})[""]
    np.testing.assert_allclose(influence.by_sample["real"], rows - rows.mean(), atol=1e-12)


def test_one_row_a_group_is_exact_for_a_mean():
    check_mean(sys.modules[jackknife.__module__])


def test_groups_give_the_variance_of_a_ratio_of_two_samples(rng):
    n, m, repeats = 400, 200, 200
    found = []
    for _ in range(repeats):
        rows = {"real": rng.normal(2.0, 1.0, n), "generated": rng.normal(4.0, 1.0, m)}
        found.append(variance_of(jackknife(ratio, rows)[""]))
    exact = (1 / n + 4 / 16 / m) / 16  # delta method: (Var a + r^2 Var b) / b^2
    error = np.std(found, ddof=1) / np.sqrt(repeats)
    assert abs(np.mean(found) - exact) < 5 * error + 0.01 * exact  # the second order is 1 / n of it


def test_a_row_alone_is_refused():
    with pytest.raises(ValueError, match="real needs 2 rows or more, got 1"):
        jackknife(ratio, {"real": np.ones(1), "generated": np.ones(3)})
