"""Check the variance of a square, whose linear and quadratic parts are known."""

import numpy as np

from jgen.evaluation.second_order import total_variance


def test_the_square_of_a_normal_mean_is_covered(rng):
    """Of (x^2 - 1) with x ~ N(theta, 1), which estimates theta^2 with variance 4 theta^2 + 2."""
    for theta in (0.0, 1.0, 5.0):
        x = rng.normal(theta, size=20_000)
        variances = np.array([total_variance(4 * one**2, 2.0) for one in x])
        error = variances.std() / 20_000**0.5
        # The maximum with 0 adds to the mean where theta is small.
        assert -6 * error < variances.mean() - (4 * theta**2 + 2) < 2.1 + 6 * error
        covered = np.mean(np.abs(x**2 - 1 - theta**2) <= 1.96 * np.sqrt(variances))
        assert covered > 0.92


def test_the_quadratic_part_is_counted_once_where_it_is_all():
    assert total_variance(2.0, 1.0, 1.5) == 1.5
