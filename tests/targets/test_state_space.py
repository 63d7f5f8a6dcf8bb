"""Check the Kalman filter and smoother by the Hessian of the density."""

import jax.numpy as jnp
import pytest

from jgen.targets import state_space
from tests.helpers.marking import first_of_each
from tests.helpers.quadrature import check_gaussian

pytestmark = pytest.mark.usefixtures("x64")


CASES = {
    "two steps": lambda: state_space(jnp.array([0.3, -1.0]), -0.5, 2.0, 0.7),
    "default": state_space,
    "one step": lambda: state_space(jnp.array([0.3])),
}


@pytest.mark.parametrize("name", first_of_each(CASES))
def test_truths_by_the_hessian(name):
    """Detect a Kalman gain, a covariance or a determinant that belongs to another density."""
    check_gaussian(CASES[name]())
