"""Join the info of several steps into that of one."""

import jax.numpy as jnp

from jgen.types import Array


def join_info(name: str, earlier: Array, later: Array) -> Array:
    """Join two entries: the sum of counts, any flag, the largest of other integers, the last measurement."""
    if jnp.issubdtype(later.dtype, jnp.bool):
        return earlier | later
    if name.startswith("num_") or name == "n_steps":
        return earlier + later
    return jnp.maximum(earlier, later) if jnp.issubdtype(later.dtype, jnp.integer) else later
