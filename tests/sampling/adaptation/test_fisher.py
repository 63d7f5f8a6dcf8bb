"""Test the mass matrix from draws and gradients."""

from importlib import import_module

import numpy as np

from tests.helpers.adaptation_histories import last_window, learned

EPS = float(np.finfo(np.float32).eps)
SCALES = np.geomspace(1e-2, 1e2, 5)


def check_scales(module):
    """On a normal of independent coordinates the quotient of scatters does not depend on the draws: two
    chains and the shortest warm-up with a window do. What is left is the rounding of two sums of n terms."""
    found = np.asarray(learned(module.fisher(), np.diag(SCALES), 2, num_warmup=100))
    n = 2 * last_window(100)
    np.testing.assert_allclose(found, SCALES, rtol=n * EPS)


def test_scales_of_independent_normals_are_exact():
    check_scales(import_module("jgen.sampling.adaptation.fisher"))
