"""Compute the loss of an objective over a whole split."""

from functools import partial

import jax
import jax.numpy as jnp

from jgen._internal.binding import as_partial
from jgen._internal.compiled import jit
from jgen.errors import UsageError
from jgen.objectives.scheduled_objective import Scheduled
from jgen.types import Array, Key, Objective, PyTree


def mean_loss(
    objective: Objective, params: PyTree, data: PyTree, key: Key, *, batch_size: int = 1024
) -> Array:
    """Compute the loss over all rows by batches; exact for a loss that is a mean over examples.

    Args:
        objective: ``(params, batch, key) -> (loss, aux)``; a ``Scheduled`` one at its end.
        params: Parameters of the objective.
        data: A pytree of arrays ``[row, ...]``.
        key: Batch i is given ``fold_in(key, i)``. With the same key, losses differ by the parameters alone.
        batch_size: Rows of a batch; the last batch may have fewer.

    Returns:
        The mean ``[]``.

    Raises:
        UsageError: If there are no rows.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.training import mean_loss
        >>> def half_square(params, batch, key):
        ...     return jnp.mean((params - batch) ** 2) / 2, {}
        >>> float(mean_loss(half_square, 0.0, jnp.array([1.0, 1.0, 4.0]), jax.random.key(0), batch_size=2))
        3.0
    """
    if not len(jax.tree.leaves(data)[0]):
        raise UsageError("the split to evaluate on is empty: take a larger share of the data for it")
    if not isinstance(objective, Scheduled):
        objective = as_partial(objective)
    return _mean_loss(objective, params, data, key, batch_size=batch_size)


@partial(jit, static_argnames="batch_size")
def _mean_loss(objective: Objective, params: PyTree, data: PyTree, key: Key, *, batch_size: int) -> Array:
    num_rows = len(jax.tree.leaves(data)[0])
    count, rest = divmod(num_rows, batch_size)

    def loss(rows: PyTree, index: Array | int) -> Array:
        return objective(params, rows, jax.random.fold_in(key, index))[0]

    total = jnp.zeros(())
    if count:
        whole = jax.tree.map(
            lambda leaf: leaf[: num_rows - rest].reshape(count, batch_size, *leaf.shape[1:]), data
        )
        total += batch_size * jax.lax.map(lambda part: loss(*part), (whole, jnp.arange(count))).sum()
    if rest:
        total += rest * loss(jax.tree.map(lambda leaf: leaf[num_rows - rest :], data), count)
    return total / num_rows
