"""Test degrees of freedom of combined errors."""

import numpy as np
import pytest

from jgen.diagnostics import welch_satterthwaite


def test_degrees_of_freedom_add_up_as_errors_do():
    assert welch_satterthwaite((0.2, 0.2, 0.2), (7, 7, 7)) == pytest.approx(21)
    assert welch_satterthwaite((0.2, 0.0), (7, 3)) == pytest.approx(7)
    assert welch_satterthwaite((0.2, 0.3), (np.inf, np.inf)) == np.inf
    assert welch_satterthwaite((1e-200, 1e-200), (4, 4)) == 4  # squares that underflow are no error
    for unknown in (0.0, np.nan, np.inf):
        assert welch_satterthwaite((unknown, unknown), (7, 3)) == 3
