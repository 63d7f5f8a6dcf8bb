"""Check linear regression by a line of Gaussians, and the acceptance probability of its exact sampler."""

import jax
import numpy as np
import pytest

from jgen.targets.linear_regression import linear_regression, log_accept
from tests.helpers.quadrature import check_on_line_of_gaussians, line

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.parametrize(
    "data",
    [
        (),
        pytest.param(
            (np.stack([np.ones(9), np.arange(9) / 9, np.arange(9) % 2], 1), np.arange(9) % 4 - 0.5, 0.5),
            marks=pytest.mark.weekly,
        ),
    ],
)
def test_moments_by_a_line_of_gaussians(data):
    """Detect a wrong evidence or moment."""
    check_on_line_of_gaussians(linear_regression(*data), line(-5, 7, 0.02), "sigma", np.exp)


def test_acceptance_probability_is_at_most_one():
    """Detect an acceptance probability that would exceed 1 between the nodes of the factory's grid."""
    posterior, _, top = linear_regression().sample.args
    values = jax.jit(jax.vmap(lambda v: log_accept(posterior, top, v)))(line(-5, 8, 0.00037))
    assert -2e-4 <= values.max() <= 0
