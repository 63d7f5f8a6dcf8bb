"""Test mass matrices of a few directions."""

from importlib import import_module

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import hadamard

from jgen.sampling.adaptation.low_rank import CUTOFF, RIDGE
from jgen.targets.ill_conditioned_gaussian import cosine_transform
from tests.helpers.adaptation_histories import as_matrix, last_window, learned, whitened

FALSE_ALARM = 1e-6
EPS = float(np.finfo(np.float32).eps)
NUM_WARMUP = 300


def check_sufficient_rank(module):
    """Twice the rank spans all four dimensions: no direction is left beyond the cutoff, and those that were
    beyond it are exact, but for the ridge and the rounding, both times the condition number."""
    condition = 1e3
    factor = cosine_transform(4) * np.sqrt(np.geomspace(1, condition, 4))[None]
    found = whitened(as_matrix(learned(module.low_rank(rank=4), factor, 4)), factor)
    tolerance = (RIDGE + 4**2 * EPS) * condition
    exact = np.abs(found - 1) < tolerance
    assert exact.sum() >= 2
    assert np.all(exact | ((found > 1 / CUTOFF) & (found < CUTOFF)))


def check_two_directions(module):
    """Variances 1000 and 1/1000 along two of 64 directions, which all coordinates share: the diagonal can do
    nothing. The principal direction of n rows misses the true one by an angle of square r / 1000, with n r a
    chi-squared of d degrees of freedom. In the plane of both the gradients then see a variance of
    (1 + r) / 1000, and whitened by the mean, with s = (1 + r)^(1/2), two variances of sum s + s^2 and product
    s are left; for the short direction their inverses."""
    dim, num_rows, num_chains = 64, 256, 16
    variances = np.ones(dim)
    variances[[3, 7]] = 1e3, 1e-3
    factor = hadamard(dim) / np.sqrt(dim) * np.sqrt(variances)[None]
    adaptation = module.low_rank(rank=2, num_rows=num_rows)
    found = whitened(as_matrix(learned(adaptation, factor, num_chains)), factor)
    offered = num_chains * last_window(NUM_WARMUP)
    kept = offered / 2 ** np.ceil(np.log2(offered / num_rows))
    s = np.sqrt(1 + stats.chi2.isf(FALSE_ALARM / 6, dim) / kept)
    left = (s + s**2 + np.sqrt((s + s**2) ** 2 - 4 * s)) / 2 * kept / stats.chi2.ppf(FALSE_ALARM / 6, kept)
    assert found.max() < left
    assert found.min() > 1 / left


def check_transpose(module):
    found = learned(module.low_rank(rank=3), cosine_transform(6) * np.geomspace(1, 30, 6)[None], 4)
    vector = np.arange(6, dtype=np.float32)
    expected = as_matrix(found).T @ vector
    np.testing.assert_allclose(found.T @ vector, expected, rtol=1e3 * EPS, atol=1e3 * EPS)


@pytest.mark.parametrize("check", [check_sufficient_rank, check_two_directions, check_transpose])
def test_estimates_are_right(check):
    check(import_module("jgen.sampling.adaptation.low_rank"))
