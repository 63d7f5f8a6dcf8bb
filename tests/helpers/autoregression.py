"""Autoregressions with known autocorrelation."""

import numpy as np


def ar1(rng, r, num_chains, num_draws):
    """Simulate stationary AR(1) chains of coefficient r and variance 1 ``[chain, draw]``."""
    noise = rng.normal(size=(num_chains, num_draws)) * np.sqrt(1 - r**2)
    noise[:, 0] /= np.sqrt(1 - r**2)
    chain = np.empty_like(noise)
    chain[:, 0] = noise[:, 0]
    for draw in range(1, num_draws):
        chain[:, draw] = r * chain[:, draw - 1] + noise[:, draw]
    return chain
