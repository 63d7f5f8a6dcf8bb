"""Check tempered distributions by quadrature and in every family."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.distributions import bernoulli, categorical, temper
from tests.helpers.gaussian_spaces import POINTS, check_density, log_density, parts, spaces

pytestmark = pytest.mark.usefixtures("x64")


def quadrature(log_density, half_width=30.0, num=20_001):
    grid = jnp.linspace(-half_width, half_width, num)
    return jnp.exp(jax.vmap(log_density)(grid)).sum() * (grid[1] - grid[0])


@pytest.mark.parametrize("beta", [0.3, 2.5])
def test_normal_against_quadrature(beta):
    normal = dist.Normal(0.7, 1.3)
    normaliser = quadrature(lambda x: beta * normal.log_prob(x))
    for x in (-1.0, 2.0):
        truth = beta * normal.log_prob(x) - jnp.log(normaliser)
        np.testing.assert_allclose(temper(normal, beta).log_prob(x), truth, atol=1e-8)


@pytest.mark.parametrize("beta", [0.3, pytest.param(2.5, marks=pytest.mark.weekly)])
def test_every_family(beta):
    """Check that log-ratios of two points are multiplied by beta, and normalisation."""
    bits, tokens = np.array([0.0, 0.3, 1.0]), np.array([0.2, 0.0, 0.8])
    powers = bits**beta / (bits**beta + (1 - bits) ** beta)
    np.testing.assert_allclose(temper(bernoulli(probs=bits), beta).probs, powers, atol=1e-12)
    made = temper(bernoulli(logits=[-1.0, 2.0], event_dim=1), beta)
    np.testing.assert_allclose(made.base_dist.logits, beta * np.array([-1.0, 2.0]), atol=1e-12)
    for given in (categorical(probs=tokens), categorical(logits=np.log(np.array([0.2, 1e-300, 0.8])))):
        truth = np.array([0.2**beta, 0.0, 0.8**beta]) / (0.2**beta + 0.8**beta)
        np.testing.assert_allclose(temper(given, beta).probs, truth, atol=1e-12)
    for name in ("diagonal", "full"):
        gaussian = spaces()[name]
        change = gaussian.log_prob(POINTS[0]) - gaussian.log_prob(POINTS[1])
        tempered = temper(gaussian, beta)
        np.testing.assert_allclose(
            tempered.log_prob(POINTS[0]) - tempered.log_prob(POINTS[1]), beta * change, atol=1e-8
        )
        covariance = parts(name)[2][0] / beta
        check_density(
            tempered, lambda x, n=name, c=covariance: log_density([1.0], parts(n)[1], [c], x), POINTS
        )
