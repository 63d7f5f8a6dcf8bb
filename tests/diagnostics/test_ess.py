"""Test the effective sample size of an autoregression."""

import numpy as np
import pytest

from jgen import diagnostics
from tests.helpers.autoregression import ar1
from tests.helpers.random_keys import fresh_rng

FALSE_ALARM_SDS = 4.9  # two-sided, 1e-6


@pytest.mark.parametrize("r", [0.0, 0.5, -0.5])
@pytest.mark.usefixtures("x64")
def test_ess_of_an_autoregression(r):
    """tau = (1 + r) / (1 - r); Sokal's relative sd of tau is sqrt((4 W + 2) / N) for a window of W lags."""
    num_chains, num_draws, window = 4, 2**14, 20  # |r|^20 is 1e-6: longer windows add noise only, and stop
    draws = ar1(fresh_rng(), r, num_chains, num_draws)
    size = num_chains * num_draws
    relative = diagnostics.ess_mean(draws) / size * (1 + r) / (1 - r)
    assert abs(relative - 1) < FALSE_ALARM_SDS * np.sqrt((4 * window + 2) / size)
