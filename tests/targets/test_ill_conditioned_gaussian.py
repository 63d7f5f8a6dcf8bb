"""Check the ill-conditioned Gaussian by its Hessian and its spectrum."""

import jax
import numpy as np
import pytest

from jgen.targets import ill_conditioned_gaussian, standard_gaussian
from tests.helpers.marking import first_of_each
from tests.helpers.quadrature import TOLERANCE, check_gaussian

pytestmark = pytest.mark.usefixtures("x64")


CASES = {
    "strong": lambda: ill_conditioned_gaussian(20, 1e4),
    "default": ill_conditioned_gaussian,
    "standard": standard_gaussian,
}


@pytest.mark.parametrize("name", first_of_each(CASES))
def test_truths_by_the_hessian(name):
    """Detect a covariance or a determinant that belongs to another density."""
    check_gaussian(CASES[name]())


def test_spectrum():
    """Detect a rotation that is not orthogonal: it would change the condition number."""
    target = ill_conditioned_gaussian(30, 1e3)
    covariance = np.linalg.inv(-jax.jit(jax.hessian(target.log_density))(target.start))
    np.testing.assert_allclose(np.linalg.eigvalsh(covariance), np.geomspace(1, 1e3, 30), rtol=TOLERANCE)
