"""Check the powers of every family that has them."""

import functools

import numpy as np
import numpyro.distributions as dist
import pytest

import jgen.distributions as d
from tests.helpers import gaussian_spaces as g


@pytest.mark.parametrize("beta", [0.3, pytest.param(2.5, marks=pytest.mark.weekly)])
@pytest.mark.usefixtures("x64")
def test_every_family_tempered(beta):
    """Check normalised powers: of Gaussians they divide the covariance by beta."""
    scalar = d.temper(dist.Normal(0.7, 1.3), beta)
    np.testing.assert_allclose([scalar.loc, scalar.scale], [0.7, 1.3 / beta**0.5], atol=1e-12)
    bits, tokens = np.array([0.0, 0.3, 1.0]), np.array([0.2, 0.0, 0.8])
    powers = bits**beta / (bits**beta + (1 - bits) ** beta)
    np.testing.assert_allclose(d.temper(d.bernoulli(probs=bits), beta).probs, powers, atol=1e-12)
    made = d.temper(d.bernoulli(logits=[-1.0, 2.0], event_dim=1), beta)
    np.testing.assert_allclose(made.base_dist.logits, beta * np.array([-1.0, 2.0]), atol=1e-12)
    for given in (d.categorical(probs=tokens), d.categorical(logits=np.log([0.2, 1e-300, 0.8]))):
        truth = np.array([0.2**beta, 0.0, 0.8**beta]) / (0.2**beta + 0.8**beta)
        np.testing.assert_allclose(d.temper(given, beta).probs, truth, atol=1e-12)
    for name in ("diagonal", "full"):
        weights, means, covariances = g.parts(name)
        truth = functools.partial(g.log_density, weights, means, covariances / beta)
        g.check_density(d.temper(g.spaces()[name], beta), truth, g.POINTS)
