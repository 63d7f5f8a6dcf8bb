"""Check signs and ranks of principal directions, and their cost for many rows."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from jgen.models import pca


def test_signs_do_not_depend_on_the_order_of_rows(x64, rng):  # noqa: ARG001
    digits = load_digits().data / 16.0
    fit = pca(digits, 30)
    components = np.asarray(fit.components)
    assert (components[np.arange(30), np.abs(components).argmax(1)] > 0).all()
    again = pca(rng.permutation(digits), 30)
    np.testing.assert_allclose(again.components, components, atol=1e-9)


@pytest.mark.parametrize("scale", [1.0, -1.0])
def test_ties_of_magnitude_have_a_fixed_sign(x64, scale, rng):  # noqa: ARG001
    """Rounding makes now the one and now the other the larger; the first of them decides."""
    line = scale * rng.normal(size=(50, 1)) * [[1.0, -1.0]] + rng.normal(size=(1, 2))
    component = pca(line, 1).components[0]
    np.testing.assert_allclose(component, [np.sqrt(0.5), -np.sqrt(0.5)], rtol=1e-12)


def test_fewer_rows_than_columns_are_reconstructed(x64, rng):  # noqa: ARG001
    rows = rng.normal(size=(4, 30))
    fit = pca(rows, 3)
    np.testing.assert_allclose(fit.reconstruct(fit.project(rows)), rows, atol=1e-9)
    with pytest.raises(ValueError, match="between 1 and 3, the rank"):
        pca(rows, 4)


def test_memory_is_not_quadratic_in_the_rows(rng):
    fit = pca(rng.normal(size=(100_000, 3)), 2)  # a matrix [row, row] would be 80 GB
    assert fit.components.shape == (2, 3)
