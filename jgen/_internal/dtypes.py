"""Choose the floating type of likelihoods and averages."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


def at_least_float32(raw: ArrayLike) -> Array:
    """Convert to float32 or wider: a sum in bfloat16 has three digits.

    Example:
        >>> at_least_float32(jnp.ones(2, jnp.bfloat16)).dtype, at_least_float32(jnp.ones(2)).dtype
        (dtype('float32'), dtype('float32'))
    """
    return jnp.asarray(raw, jnp.promote_types(jnp.result_type(raw), jnp.float32))
