"""Coverage of intervals of a squared distance, by quadrature over its error."""

import numpy as np
import pytest
from scipy.stats import norm

from jgen.evaluation.quadratic_interval import quadratic_interval


def coverage(mu, dim):
    """Compute how often the interval of |mu|^2 covers, for a mean in one or many dimensions of variance 1."""
    error = np.linspace(-6, 6, 1201)
    weight = norm.pdf(error)
    rest = 0.0 if dim == 1 else np.random.default_rng(0).chisquare(dim - 1, len(error))
    covered = np.zeros(len(error), bool)
    for i, (one, other) in enumerate(zip(error, np.broadcast_to(rest, error.shape), strict=True)):
        plain = (mu + one) ** 2 + other
        low, high = quadratic_interval(plain - dim, plain, 4 * plain, 2 * dim)
        covered[i] = low <= mu**2 <= high
    return (weight * covered).sum() / weight.sum()


@pytest.mark.parametrize("mu", [0.0, 0.3, 1.0, 2.0, 4.0, 20.0])
def test_the_square_of_one_mean_is_covered(mu):
    """The rule value +- 1.96 errors covers in 84 % of cases at mu = 1."""
    assert 0.93 <= coverage(mu, 1) <= (1.0 if mu in (0.3, 1.0) else 0.975)


def test_the_squared_norm_of_many_means_is_covered():
    """Within what 1,201 weighted draws of the rest tell: 5 errors of a share of .95 are .05."""
    assert coverage(0.0, 20) > 0.9
    assert coverage(10.0, 20) > 0.9


def test_ends_hold_the_value_and_the_normal_limit():
    low, high = quadratic_interval(1.0, 1.0, 1e-6, 0.0)
    np.testing.assert_allclose([1 - low, high - 1], 1.959964e-3, rtol=2e-3)
    assert quadratic_interval(-0.1, 0.0, 0.0, 0.01)[0] < -0.1
