"""The floating type that likelihoods and averages are kept in."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


def at_least_float32(raw: ArrayLike) -> Array:
    """The same numbers, of a type fit for likelihoods: bfloat16 keeps three digits of a sum.

    Example:
        >>> at_least_float32(jnp.ones(2, jnp.bfloat16)).dtype, at_least_float32(jnp.ones(2)).dtype
        (dtype('float32'), dtype('float32'))
    """
    return jnp.asarray(raw, jnp.promote_types(jnp.result_type(raw), jnp.float32))
