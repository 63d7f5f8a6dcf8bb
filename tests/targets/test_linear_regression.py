"""Check the acceptance probability of the exact sampler of linear regression."""

import jax
import pytest

from jgen.targets.linear_regression import linear_regression, log_accept
from tests.helpers.quadrature import line

pytestmark = pytest.mark.usefixtures("x64")


def test_acceptance_probability_is_at_most_one():
    """Detect an acceptance probability that would exceed 1 between the nodes of the factory's grid."""
    posterior, _, top = linear_regression().sample.args
    values = jax.jit(jax.vmap(lambda v: log_accept(posterior, top, v)))(line(-5, 8, 0.00037))
    assert -2e-4 <= values.max() <= 0
