"""Test kernels of the squared distance."""

import numpy as np

from jgen.objectives import imq, rbf


def test_kernels_equal_their_formulas():
    squared = np.array([[0.0, 1.0], [4.0, 100.0]], np.float32)
    np.testing.assert_allclose(rbf([1, 3])(squared), np.exp(-squared / 2) + np.exp(-squared / 18), rtol=1e-6)
    np.testing.assert_allclose(imq([0.5, 2])(squared), 0.5 / (0.5 + squared) + 2 / (2 + squared), rtol=1e-6)
