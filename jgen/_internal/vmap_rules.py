"""Share loop conditions and row writes between chains under ``jax.vmap``.

Under ``jax.vmap`` a while loop whose condition differs from chain to chain copies its whole carry for every
chain, counters included, and selects between old and new at each iteration. With one condition for all,
values that do not depend on the chain stay scalars: they may choose a branch, bound a loop, or index a row.
"""

import jax
import jax.numpy as jnp
from jax import Array


@jax.custom_batching.custom_vmap
def anywhere(flag: Array) -> Array:
    """Return whether a flag ``[]`` is true in any of the vmapped chains: one value for all of them.

    Example:
        >>> def double_until_large(x):  # the chain at 3 continues while the one at 1 does
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
    """Write one of the rows ``[row, *event]``: in place, where all chains write the same one.

    The index is in ``[0, len(rows))``.

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
