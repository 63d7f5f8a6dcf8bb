"""Check the 2-Wasserstein distance between Gaussians."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from jgen.distributions import gaussian, wasserstein2
from tests.helpers.gaussian_spaces import FACTORS, MEANS, SCALES

pytestmark = pytest.mark.usefixtures("x64")


COVARIANCES = FACTORS @ np.swapaxes(FACTORS, 1, 2)


@pytest.mark.parametrize(("p_full", "q_full"), [(False, False), (False, True), (True, False), (True, True)])
def test_gaussians(p_full, q_full):
    """Compare with the trace formula."""

    def make(i, full):
        if full:
            return gaussian(MEANS[i], covariance=COVARIANCES[i]), COVARIANCES[i]
        return gaussian(MEANS[i], scale=SCALES[i]), np.diag(SCALES[i] ** 2)

    (p, s), (q, r) = make(0, p_full), make(1, q_full)
    root = scipy.linalg.sqrtm(s)
    bures = np.trace(s + r - 2 * scipy.linalg.sqrtm(root @ r @ root).real)
    truth = np.sum((MEANS[0] - MEANS[1]) ** 2) + bures
    np.testing.assert_allclose(wasserstein2(p, q).value ** 2, truth, atol=1e-8)


def test_close_gaussians_lose_no_digits():
    """Check a distance of 1e-9, where the trace formula leaves 1e-8, and a gradient at equal values."""
    p = gaussian(np.zeros(3), covariance=COVARIANCES[0])
    assert wasserstein2(p, p).value < 1e-14
    moved = gaussian(np.zeros(3), covariance=COVARIANCES[0] * (1 + 1e-9) ** 2)
    truth = 1e-9 * np.sqrt(np.trace(COVARIANCES[0]))
    np.testing.assert_allclose(wasserstein2(p, moved).value, truth, rtol=1e-4)

    def distance(size):
        ball = gaussian(jnp.zeros(3), scale_tril=size * jnp.eye(3))
        return wasserstein2(gaussian(jnp.zeros(3), covariance=jnp.eye(3)), ball).value

    np.testing.assert_allclose(jax.grad(distance)(2.0), np.sqrt(3), atol=1e-10)
