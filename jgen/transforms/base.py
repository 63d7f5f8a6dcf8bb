"""What the transforms share: how facts of several steps become those of one."""

import jax.numpy as jnp

from jgen.types import Array


def add_counts(earlier: Array, later: Array) -> Array:
    """Integers add up, flags stay up, measurements are replaced."""
    if jnp.issubdtype(later.dtype, jnp.bool):
        return earlier | later
    if jnp.issubdtype(later.dtype, jnp.integer):
        return earlier + later
    return later
