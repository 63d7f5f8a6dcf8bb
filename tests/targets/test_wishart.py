"""Check the Wishart distribution by quadrature."""

import numpy as np
import pytest
from scipy import stats

from jgen.targets import wishart
from tests.helpers.quadrature import TOLERANCE

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.parametrize(("dim", "dof"), [(3, 7.0), (2, 2.5)])
def test_moments_by_quadrature(dim, dof):
    """Compute mean and variance of the Cholesky factor of W from Bartlett's, chi variables by quadrature."""
    target = wishart(dim, dof)
    lower = np.linalg.cholesky(0.5 ** np.abs(np.subtract.outer(np.arange(dim), np.arange(dim))))
    chis = [stats.chi(dof - i) for i in range(dim)]
    log_mean = [chi.expect(np.log, epsabs=1e-12, limit=200) for chi in chis]
    np.testing.assert_allclose(target.mean[:dim], np.log(np.diag(lower)) + log_mean, atol=TOLERANCE)
    log_square = [chi.expect(lambda x: np.log(x) ** 2, epsabs=1e-12, limit=200) for chi in chis]
    variance = np.subtract(log_square, np.square(log_mean))
    np.testing.assert_allclose(target.variance[:dim], variance, atol=TOLERANCE)
    rows, columns = np.tril_indices(dim, -1)
    for place, (i, j) in enumerate(zip(rows, columns, strict=True), start=dim):
        np.testing.assert_allclose(target.mean[place], lower[i, j] * chis[j].mean(), rtol=TOLERANCE)
        # C_ij = sum_k L_ik A_kj over k = j .. i, of which only A_jj is a chi variable
        spread = lower[i, j] ** 2 * chis[j].var() + (lower[i, j + 1 : i + 1] ** 2).sum()
        np.testing.assert_allclose(target.variance[place], spread, rtol=TOLERANCE)
    log_det = 2 * np.sum(log_mean) + 2 * np.log(np.diag(lower)).sum()
    np.testing.assert_allclose(target.expectations["log |W|"][1], log_det, atol=TOLERANCE)
