"""Chance in tests: no verdict hangs on a seed, so every statistical test draws a key of its own."""

import secrets

import jax


def fresh_key() -> jax.Array:
    """A typed key that no two runs share; what is asserted of it must hold but one time in a million."""
    return jax.random.key(secrets.randbits(31))
