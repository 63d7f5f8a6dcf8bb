"""Test log Z by thermodynamic integration on a Gaussian."""

import math
from importlib import import_module

import numpy as np
import pytest

from jgen.evaluation.evidence.ladder_draws import read_ladder
from tests.helpers.tempered_gaussian import BETAS, MEAN, SD, check_estimate


def trapezoid():
    """Apply the corrected trapezoid rule to the exact mean and variance of the log ratio.

    It is a quadratic of a Gaussian, so that a quadrature of eight nodes is exact.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    x = MEAN[None] + SD[None] * nodes[:, None]
    ratio = -0.5 * (x - 2.0) ** 2 + x**2 / 8 + 0.5 * math.log(8 * math.pi)
    mean = weights @ ratio / weights.sum()
    variance = weights @ (ratio - mean[None]) ** 2 / weights.sum()
    rise = np.diff(np.asarray(BETAS))
    return np.sum(rise / 2 * (mean[1:] + mean[:-1]) - rise**2 / 12 * np.diff(variance))


def check_rule(module):
    """Check the rule on a ladder so coarse that its own error shows: ``thermodynamic`` refuses it."""

    def by_rule(draws, betas):
        return read_ladder(draws, betas, module._estimate, "thermodynamic", "trapezoid")

    check_estimate(by_rule, trapezoid())


@pytest.mark.slow
def test_log_z_is_that_of_the_trapezoid_rule():
    """False alarm 7e-7."""
    check_rule(import_module("jgen.evaluation.evidence.thermodynamic"))
