"""What chains that are vmapped over do together: a loop that all leave at once, a row that all write.

Under ``jax.vmap`` a while loop whose condition differs from chain to chain gives every chain its own copy of
all it carries, counters included, and selects between old and new in each turn. Where the condition is one
for all, what does not depend on the chain stays one number: it may choose a branch, bound an inner loop, or
say where to write.
"""

import jax
import jax.numpy as jnp
from jax import Array


@jax.custom_batching.custom_vmap
def anywhere(flag: Array) -> Array:
    """Whether a flag ``[]`` is up in any of the chains that are vmapped over: one answer for all of them.

    Example:
        >>> def double_until_large(x):  # together: the chain at 3 goes on while the one at 1 does
        ...     return jax.lax.while_loop(lambda x: anywhere(x < 8), lambda x: 2 * x, x)
        >>> jax.vmap(double_until_large)(jnp.array([1, 3])).tolist(), double_until_large(3).item()
        ([8, 24], 12)
    """
    return flag


@anywhere.def_vmap
def _(size: int, batched: list[bool], flag: Array) -> tuple[Array, bool]:
    del size, batched
    return anywhere(jnp.any(flag, axis=0)), False


@jax.custom_batching.custom_vmap
def put(rows: Array, index: Array, row: Array) -> Array:
    """Rows ``[row, *event]``, one of them written: in place, where all chains write the same one.

    The index lies in ``[0, len(rows))``.

    Example:
        >>> put(jnp.zeros(3), 1, jnp.array(5.0)).tolist()
        [0.0, 5.0, 0.0]
    """
    return jax.lax.dynamic_update_index_in_dim(rows, row, index, 0)


@put.def_vmap
def _(size: int, batched: list[bool], rows: Array, index: Array, row: Array) -> tuple[Array, bool]:
    if not batched[0]:
        rows = jnp.broadcast_to(rows, (size, *rows.shape))  # [chain, row, *event]
    if not batched[2]:
        row = jnp.broadcast_to(row, (size, *row.shape))  # [chain, *event]
    if not batched[1]:
        return jax.lax.dynamic_update_index_in_dim(rows, row, index, 1), True
    is_written = jnp.arange(rows.shape[1])[None] == index[:, None]  # a scatter would go chain by chain
    return jnp.where(is_written.reshape(*is_written.shape, *(1,) * (row.ndim - 1)), row[:, None], rows), True
