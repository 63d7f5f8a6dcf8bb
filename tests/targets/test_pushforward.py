"""Check moments of images of a Gaussian by quadrature of their own map."""

import jax
import numpy as np
import pytest

from jgen.targets import banana, funnel, rosenbrock
from tests.helpers.quadrature import TOLERANCE

pytestmark = pytest.mark.usefixtures("x64")


def second_moment(target):
    return np.square(target.mean) + target.variance


def by_gauss_hermite(target):
    """Return nodes ``[node, 2]`` and weights of the image of two normals under a map of degree 2.

    With 20 nodes a coordinate they are exact for polynomials of degree 39 of the normals.
    """
    node, weight = np.polynomial.hermite_e.hermegauss(20)
    u = np.stack([each.ravel() for each in np.meshgrid(node, node, indexing="ij")], -1)
    pushforward = target.log_density.args[0]
    return np.asarray(jax.vmap(pushforward.forward)(u)), np.outer(weight, weight).ravel() / (2 * np.pi)


@pytest.mark.parametrize(
    ("make", "name", "digits"),
    [
        (lambda: rosenbrock(1), "x^4", [6, 668.02]),  # Var x^2 and Var y^2
        (banana, "x0^4", [20000]),  # Var x0^2
    ],
)
def test_variances_of_squares(make, name, digits):
    """Compare known digits with the moments of the target, and with quadrature of its own map."""
    target = make()
    fourth = np.atleast_1d(target.expectations[name][1])
    carried = fourth - second_moment(target)[: fourth.size] ** 2
    np.testing.assert_allclose(carried, digits, rtol=TOLERANCE)
    x, weight = by_gauss_hermite(target)
    square = x[:, : fourth.size] ** 2
    found = weight @ square**2 - (weight @ square) ** 2
    np.testing.assert_allclose(found, digits, rtol=TOLERANCE)


def test_known_digits():
    """Compare moments with their recorded digits."""
    np.testing.assert_allclose(banana().variance, [100, 19], rtol=TOLERANCE)
    np.testing.assert_allclose(funnel().variance[1:], 90.0171, atol=5e-5)
    np.testing.assert_allclose(rosenbrock().mean[18:], 2, rtol=TOLERANCE)
    np.testing.assert_allclose(second_moment(rosenbrock())[18:], 10.1, rtol=TOLERANCE)
