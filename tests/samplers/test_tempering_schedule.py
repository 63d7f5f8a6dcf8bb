"""Test adaptive temperatures."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.diagnostics.weights import kish_ess
from jgen.samplers import tempering_schedule


def check_schedule(module):
    ratio = 3.0 * jax.random.normal(jax.random.key(0), (1000,))
    beta = module.adaptive_schedule(jnp.float32(0.8), jnp.int32(0), jnp.float32(0.0), jnp.zeros(1000), ratio)
    np.testing.assert_allclose(kish_ess(beta * ratio) / 1000, 0.8, rtol=1e-3)


def test_next_temperature_has_the_requested_ess():
    check_schedule(tempering_schedule)
