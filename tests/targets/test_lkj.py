"""Check the LKJ distribution by quadrature over correlation matrices."""

import numpy as np
import pytest

from jgen.targets import lkj
from tests.helpers.quadrature import TOLERANCE

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.parametrize("concentration", [1.0, 2.0, 3.5])
def test_truths_in_the_space_of_matrices(concentration):
    """Integrate det(R)^(eta - 1) by Gauss-Legendre in R itself, without a Jacobian."""
    target = lkj(concentration)
    half, gauss = np.polynomial.legendre.leggauss(90)
    a, b = np.meshgrid(half, half, indexing="ij")  # R_12 = sin(a'), ... make the edges smooth
    first, second = np.sin(a * np.pi / 2), np.sin(b * np.pi / 2)
    weight = np.outer(gauss, gauss) * np.cos(a * np.pi / 2) * np.cos(b * np.pi / 2) * (np.pi / 2) ** 2
    reach = np.sqrt((1 - first**2) * (1 - second**2))  # R_23 runs over first second +- reach
    angle = half[:, None, None] * np.pi / 2
    third = first * second + reach * np.sin(angle)
    rows = np.stack(np.broadcast_arrays(first, second, third))
    det = 1 + 2 * rows.prod(0) - np.square(rows).sum(0)
    weight = weight * gauss[:, None, None] * np.pi / 2 * reach * np.cos(angle)
    weight = weight * np.maximum(det, 0) ** (concentration - 1)
    np.testing.assert_allclose(target.log_evidence, np.log(weight.sum()), atol=TOLERANCE)
    square = (rows**2 * weight).sum((1, 2, 3)) / weight.sum()
    np.testing.assert_allclose(target.expectations["R^2"][1], square, atol=TOLERANCE)
