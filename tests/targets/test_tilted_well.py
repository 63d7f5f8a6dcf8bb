"""Check the integrals of the tilted well by adaptive quadrature."""

import numpy as np
import pytest
from scipy import integrate

from jgen.targets.tilted_well import integrate_well, log_density_in_float64
from tests.helpers.quadrature import TOLERANCE


@pytest.mark.parametrize(("barrier", "tilt"), [(6.0, 0.5), (2.0, -3.0)])
def test_integrals(barrier, tilt):
    """Detect a wrong integral, of which the targets double_well and many_wells consist."""

    def integral(function):
        def density(x):
            return function(x) * np.exp(log_density_in_float64(barrier, tilt, x))

        return np.array([integrate.quad(density, *ends, epsabs=1e-11)[0] for ends in ((-8, 0), (0, 8))])

    well, mass = integrate_well(barrier, tilt), integral(lambda _: 1.0)
    found = [integral(lambda x: x).sum(), integral(np.square).sum(), mass[1]] / mass.sum()
    np.testing.assert_allclose(well, [np.log(mass.sum()), *found], rtol=TOLERANCE)


def test_known_digits():
    """Compare the default with recorded digits."""
    well = integrate_well(6.0, 0.5)
    digits = [11784.50926513, 1.18796098, 2.95980609, 0.84430710]
    np.testing.assert_allclose([np.exp(well.log_evidence), *well[1:]], digits, rtol=5e-9)
    np.testing.assert_allclose(well.log_evidence + np.log(2 * np.pi) / 2, 10.2934797071, rtol=5e-9)
