"""Check the expectations of the Cauchy target on the line."""

import jax
import numpy as np
import pytest
from scipy import integrate

from jgen.targets import cauchy
from tests.helpers.quadrature import TOLERANCE, line

pytestmark = pytest.mark.usefixtures("x64")


def test_negative_log_density():
    """Sum over x = sinh u: -log p has mean log 4 pi = 2.53102425 and sd pi / sqrt 3 = 1.81379936."""
    u = line(-45, 45, 0.05)
    log_p = np.asarray(jax.vmap(cauchy(1).log_density)(np.sinh(u)[:, None]))
    weight = np.exp(log_p) * np.cosh(u) * 0.05
    mean, square = weight @ -log_p, weight @ log_p**2
    np.testing.assert_allclose([mean, np.sqrt(square - mean**2)], [2.53102425, 1.81379936], rtol=0, atol=5e-9)


def test_probability_of_the_quartiles():
    """Detect the probability of an event whose edges fall between the nodes of a grid."""
    target = cauchy(1)
    density = jax.jit(lambda x: jax.numpy.exp(target.log_density(x[None])))
    probability = integrate.quad(lambda x: float(density(jax.numpy.asarray(x))), -1, 1, epsabs=1e-10)[0]
    np.testing.assert_allclose(target.expectations["|x| < 1"][1], probability, atol=TOLERANCE)
