"""Check the Ising model by enumeration and by its transfer matrix."""

import numpy as np
import pytest

from jgen.targets import ising
from tests.helpers.quadrature import TOLERANCE, check_by_listing, words

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.weekly
def test_truths_by_enumeration():
    """Detect a neighbour counted twice, and draws from another distribution."""
    check_by_listing(ising(), words(2, 9))


@pytest.mark.parametrize(("side", "coupling", "field"), [(3, 0.3, 0.1), (4, 0.44, 0.0), (3, -0.2, 0.7)])
def test_truths_by_its_transfer_matrix(side, coupling, field):
    """Take rows of spins as states of a chain: Z is a trace, and d log Z / dJ the mean of the bonds."""

    def log_z(coupling):
        rows = 2 * words(2, side) - 1  # [row, site]
        inside = coupling * (rows * np.roll(rows, 1, 1)).sum(1) + field * rows.sum(1)
        transfer = np.exp(coupling * rows @ rows.T + (inside[:, None] + inside) / 2)
        return np.log(np.trace(np.linalg.matrix_power(transfer, side)))

    target = ising(side, coupling, field)
    np.testing.assert_allclose(target.log_evidence, log_z(coupling), rtol=TOLERANCE)
    slope = (log_z(coupling + 1e-4) - log_z(coupling - 1e-4)) / 2e-4
    np.testing.assert_allclose(target.expectations["bonds"][1], slope, atol=1e-5)  # h^2, times 18 bonds cubed
