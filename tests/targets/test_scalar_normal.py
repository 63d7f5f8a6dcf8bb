"""Check the bounds of proposals on the line."""

import numpy as np

from jgen.targets import beta, normal_from_cauchy, normal_from_laplace


def test_known_bounds():
    """Compare bounds with their recorded digits; float32 keeps seven of them."""
    bounds = [np.exp(make().log_bound) for make in (beta, normal_from_cauchy, normal_from_laplace)]
    np.testing.assert_allclose(bounds, [2.66974401, 1.52034690, 1.31548925], atol=5e-9)
