"""Check the eight schools by a grid of Gaussians, and the acceptance probability of its exact sampler."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

from jgen.targets.eight_schools import eight_schools, mu_given_tau
from tests.helpers.quadrature import TOLERANCE, gaussian_block, line

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.weekly
def test_moments_by_a_grid_of_gaussians():
    """Detect a lost Jacobian or a wrong moment: theta by its Hessian, mu and log tau on a grid."""
    target = eight_schools()

    def school_block(mu, log_tau):
        def of_raw(raw):
            return target.log_density({"mu": mu, "log_tau": log_tau, "theta_raw": raw})

        log_z, mean, covariance = gaussian_block(of_raw, 8)
        return log_z, mean, jnp.diag(covariance)

    mu, log_tau = (a.ravel() for a in np.meshgrid(line(-45, 50, 0.75), line(-40, 9, 0.2)))
    log_z, raw, spread = jax.tree.map(np.asarray, jax.jit(jax.vmap(school_block))(mu, log_tau))
    log_evidence = logsumexp(log_z) + np.log(0.75 * 0.2)
    np.testing.assert_allclose([target.log_evidence, -31.31134735], log_evidence, atol=TOLERANCE)
    weights = np.exp(log_z - log_evidence) * 0.75 * 0.2
    rows = np.column_stack([log_tau, mu, raw])
    squares = np.column_stack([log_tau**2, mu**2, raw**2 + spread])
    np.testing.assert_allclose(target.mean, weights @ rows, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance, weights @ squares - (weights @ rows) ** 2, atol=TOLERANCE)
    tau, theta = np.exp(log_tau), mu[:, None] + np.exp(log_tau)[:, None] * raw
    found = {"mu": weights @ mu, "tau": weights @ tau, "log_tau": weights @ log_tau, "theta": weights @ theta}
    for key, (_, truth) in target.expectations.items():
        np.testing.assert_allclose(truth, found[key], atol=TOLERANCE)
    known = [6.21188, 4.94018, 3.92700, 4.75710, 3.61548, 4.04261, 6.29672, 4.85425]
    np.testing.assert_allclose(found["theta"], known, atol=6e-6)
    sds = [np.sqrt(target.variance[1]), np.sqrt(weights @ tau**2 - found["tau"] ** 2)]
    digits = [4.396821, 3.597705, 0.802139, 3.317704, 3.219958]
    np.testing.assert_allclose([found["mu"], found["tau"], found["log_tau"], *sds], digits, atol=6e-7)


def test_acceptance_probability_is_at_most_one():
    """Detect an acceptance probability that would exceed 1 between the nodes of the factory's grid."""
    y, s, top = eight_schools().sample.args
    tau = np.append(np.exp(line(-30, 10, 0.01)), 0.0)
    values = jax.jit(jax.vmap(lambda t: mu_given_tau(y, s, t)[2] - top))(tau)
    np.testing.assert_allclose(values.max(), 0, atol=1e-12)
