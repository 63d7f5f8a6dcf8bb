"""Test standard errors of quantiles of a known distribution."""

import numpy as np

from jgen import diagnostics


def test_errors_of_independent_uniform_draws():
    """sd / sqrt(n), and by the delta method for the sd and the median of U(0, 1): to five standard errors,
    those of the ESS over windows of 20 lags, and of the spacings of 2 sqrt(n) / 2 draws around the median."""
    size = 40_000
    draws = np.random.default_rng(0).uniform(size=(4, size // 4)).astype(np.float32)
    unit = np.sqrt(size)
    assert abs(diagnostics.mcse_mean(draws) * unit * np.sqrt(12) - 1) < 0.12
    assert abs(diagnostics.mcse_sd(draws) * unit / (np.sqrt(1 / 80 - 1 / 144) / 2 * np.sqrt(12)) - 1) < 0.12
    assert abs(diagnostics.mcse_quantile(draws, 0.5) * unit / 0.5 - 1) < 0.4
