"""Log-weights of p = N(0, 1) for the proposal N(0, s^2), with their moments in closed form."""

import jax
import jax.numpy as jnp
import numpy as np


def log_weights(key, variance, shape):
    """Draw from the proposal; return draws and log-weights."""
    z = jnp.sqrt(variance) * jax.random.normal(key, shape)
    return z, -0.5 * z**2 * (1 - 1 / variance) + 0.5 * jnp.log(variance)


def weight_moment(variance, power):
    """Return E_q w^power, finite for power > (power - 1) / s^2."""
    return variance ** ((power - 1) / 2) / np.sqrt(power - (power - 1) / variance)
