"""Check the log-Jacobian of the Dirichlet distribution by differentiation."""

import jax
import numpy as np
import pytest
from scipy import stats

from jgen.targets import dirichlet
from tests.helpers.quadrature import TOLERANCE, log_volume

pytestmark = pytest.mark.usefixtures("x64")


def test_density_is_scipys_plus_the_log_jacobian():
    """Detect a dropped log-Jacobian."""
    target, y = dirichlet(), np.array([0.3, -1.2, 0.8])
    simplex, _ = target.expectations["p"]
    exact = stats.dirichlet.logpdf(np.asarray(jax.jit(simplex)(y)), [1.5, 2.0, 3.0, 4.5])
    exact += log_volume(lambda y: simplex(y)[:3], y)
    np.testing.assert_allclose(jax.jit(target.log_density)(y), exact, rtol=TOLERANCE)
