"""Check the levels of highest-density regions."""

import numpy as np

from jgen.plots.style import highest_density_levels


def test_highest_density_levels_have_the_right_mass():
    x = np.linspace(-9, 9, 20001)
    levels = highest_density_levels(-0.5 * x**2, [0.95, 0.5])
    np.testing.assert_allclose(np.sqrt(-2 * levels), [1.959964, 0.674490], atol=18 / 20000)
