"""Check the log-Jacobian of the logs of gamma variables."""

import jax
import numpy as np
import pytest
from scipy import stats

from jgen.targets import log_gamma
from tests.helpers.quadrature import TOLERANCE

pytestmark = pytest.mark.usefixtures("x64")


def test_density_is_scipys_plus_the_log_jacobian():
    """Detect a dropped log-Jacobian."""
    x = np.array([0.3, -1.2, 0.8, 2.0])
    exact = stats.gamma.logpdf(np.exp(x), [0.5, 1.0, 2.5, 7.0], scale=0.5).sum() + x.sum()
    np.testing.assert_allclose(jax.jit(log_gamma().log_density)(x), exact, rtol=TOLERANCE)
