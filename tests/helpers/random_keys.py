"""Draw a new random seed for every statistical test, so that no result depends on a fixed seed."""

import secrets

import jax
import numpy as np

FALSE_ALARM_SDS = 4.9  # two-sided, 1e-6


def fresh_key() -> jax.Array:
    """Return a new random key; an assertion on its draws may fail with probability 1e-6 at most."""
    return jax.random.key(secrets.randbits(31))


def fresh_rng() -> np.random.Generator:
    """Return a NumPy generator with a new random seed."""
    return np.random.default_rng(secrets.randbits(63))
