"""What the transforms share: how facts of several steps become those of one."""

import jax.numpy as jnp

from jgen.types import Array


def join(name: str, earlier: Array, later: Array) -> Array:
    """Counts add up, flags stay up, other whole numbers keep the largest, measurements the last."""
    if jnp.issubdtype(later.dtype, jnp.bool):
        return earlier | later
    if name.startswith("num_") or name == "n_steps":
        return earlier + later
    return jnp.maximum(earlier, later) if jnp.issubdtype(later.dtype, jnp.integer) else later
