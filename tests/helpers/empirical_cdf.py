"""Compare draws with a distribution function by the Dvoretzky-Kiefer-Wolfowitz inequality."""

import numpy as np

ALARM = 1e-6
NUM_DRAWS = 20_000
DKW = np.sqrt(np.log(2 / ALARM) / (2 * NUM_DRAWS))


def check_cdf(draws, cdf):
    """Bound the largest gap between the empirical and the true CDF, at a false-alarm rate of 1e-6."""
    draws = np.sort(np.asarray(draws, float))
    truth = cdf(draws)
    n = len(draws)
    gap = max(np.max(np.arange(1, n + 1) / n - truth), np.max(truth - np.arange(n) / n))
    assert gap < np.sqrt(np.log(2 / ALARM) / (2 * n)), gap
