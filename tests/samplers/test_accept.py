"""Test the accept step and the logarithm of a uniform random number."""

import jax
import jax.numpy as jnp

from jgen.samplers.accept import accept, log_uniform


def test_a_uniform_of_zero_does_not_accept_everything():
    """One uniform in 2^23 is exactly 0, and log 0 = -inf is below every ratio."""
    assert log_uniform(jnp.float32(0.0)) == 0.0
    assert log_uniform(jnp.float32(1.0 - 2**-23)) > -17


def test_accept_rejects_log_ratios_that_are_not_finite():
    for log_ratio in (jnp.nan, -jnp.inf, jnp.inf):
        state, rate, accepted = accept(
            jax.random.key(0), jnp.float32(log_ratio), jnp.float32(1.0), jnp.float32(0.0)
        )
        assert (float(state), float(rate), bool(accepted)) == (0.0, 0.0, False)
