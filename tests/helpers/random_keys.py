"""Chance in tests: no verdict hangs on a seed, so every statistical test draws one of its own."""

import secrets

import jax
import numpy as np


def fresh_key() -> jax.Array:
    """A key that no two runs share; what is asserted of it must hold but one time in a million."""
    return jax.random.key(secrets.randbits(31))


def fresh_rng() -> np.random.Generator:
    """The same for NumPy."""
    return np.random.default_rng(secrets.randbits(63))
