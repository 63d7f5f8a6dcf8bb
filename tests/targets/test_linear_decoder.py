"""Check the posterior of the linear decoder by its Hessian and as probabilistic PCA."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.targets import linear_decoder
from tests.helpers.quadrature import TOLERANCE, check_gaussian

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.weekly
@pytest.mark.parametrize("options", [{}, {"scale": 2.0, "bias": np.linspace(-1, 1, 64)}])
def test_truths_by_the_hessian(options):
    """Detect a covariance or a determinant that belongs to another density."""
    check_gaussian(linear_decoder(**options))


def test_evidence_is_that_of_ppca():
    """Detect a wrong evidence: x is N(b, W W' + s^2 I), also for a whole batch by vmap."""
    weight = jnp.array([[1.0, 0.5], [-0.3, 2.0], [0.7, 0.1]])
    bias, xs = jnp.array([0.1, 0.2, 0.3]), jnp.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]])
    values = jax.jit(jax.vmap(lambda x: linear_decoder(x, weight, bias, 0.4).log_evidence))(xs)
    exact = stats.multivariate_normal.logpdf(xs, bias, weight @ weight.T + 0.16 * jnp.eye(3))
    np.testing.assert_allclose(values, exact, rtol=TOLERANCE)
