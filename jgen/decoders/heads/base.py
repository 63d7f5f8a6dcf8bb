"""What heads share: numbers in float32 at least, and the inverse of softplus."""

import math

import jax.numpy as jnp

from jgen.types import Array


def at_least_float32(raw: Array) -> Array:
    """The same numbers, of a type fit for likelihoods: bfloat16 keeps three digits of a sum."""
    return jnp.asarray(raw, jnp.promote_types(jnp.result_type(raw), jnp.float32))


def inverse_softplus(value: float) -> float:
    """The number whose softplus is ``value > 0``.

    Example:
        >>> import jax
        >>> round(float(jax.nn.softplus(inverse_softplus(0.1))), 6)
        0.1
    """
    return value + math.log(-math.expm1(-value))
