"""Check the conjugate regression on the diabetes data by a line of Gaussians."""

import numpy as np
import pytest

from jgen.targets import diabetes
from tests.helpers.quadrature import check_on_line_of_gaussians, line

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.weekly
@pytest.mark.parametrize("prior_scale", [1.0, 0.1])
def test_moments_by_a_line_of_gaussians(prior_scale):
    """Detect a Jacobian of log sigma that is dropped, or taken for that of sigma squared."""
    nodes = line(-0.8, 0.4, 0.005)
    check_on_line_of_gaussians(diabetes(prior_scale), nodes, "sigma^2", lambda x: np.exp(2 * x))
