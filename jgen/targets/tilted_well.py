"""Integrate the tilted double well, -log p = x^4 - b x^2 - t x, in float64."""

from typing import NamedTuple

import numpy as np

from jgen.targets.finite_states import enumerate_weights


class Well(NamedTuple):
    """Integrals of the well.

    Attributes:
        log_evidence: Log of the integral of the density.
        mean: E x.
        square: E x^2.
        right: P(x > 0).
    """

    log_evidence: float
    mean: float
    square: float
    right: float


def integrate_well(barrier: float, tilt: float) -> Well:
    """Sum by Gauss-Legendre over each half of (-8, 8), for 0 <= barrier <= 20 and |tilt| <= 10.

    The sums converge geometrically.
    """
    half, gauss = np.polynomial.legendre.leggauss(400)
    nodes = np.concatenate([4 * half - 4, 4 * half + 4])  # [node], of each half of (-8, 8)
    log_weights = log_density_in_float64(barrier, tilt, nodes) + np.log(4 * np.tile(gauss, 2))  # [node]
    rows = np.stack([nodes, nodes**2, nodes > 0], 1)
    log_evidence, _, moments, _ = enumerate_weights(rows, log_weights)
    return Well(log_evidence, *moments.tolist())


def log_density_in_float64(barrier: float, tilt: float, x: np.ndarray) -> np.ndarray:
    """Evaluate the unnormalised log-density of every ``x``, in float64."""
    return -(x**4) + barrier * x**2 + tilt * x
