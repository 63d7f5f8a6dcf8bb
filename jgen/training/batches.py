"""Draw batches of data on the device, each a pure function of ``(data, key, step)``.

A run can resume at any step without stored state: the batch is the same in every process, chunk and device.
Each function returns the argument ``make_batch`` of ``train``; equal options share a compiled program.
"""

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.objectives.input_checks import check_size
from jgen.training.permutation import permuted
from jgen.types import Array, Key, PyTree


def shuffled(batch_size: int) -> Partial:
    """Take batches without replacement, each epoch in another order.

    An epoch is ``rows // batch_size`` batches, in which no row appears twice. The rows left over, fewer than
    a batch, are skipped in this epoch; the next epoch skips others. The time of a batch is O(batch), whatever
    the number of rows.

    Args:
        batch_size: Number of rows of a batch, at most that of the data.

    Returns:
        ``(data, key, step) -> batch``, for any pytree of arrays ``[row, ...]``.

    Raises:
        ValueError: For a size below 1; and from ``make_batch``, for data that are empty, fewer than a
            batch, or leaves of different lengths.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.training import shuffled
        >>> epoch = [shuffled(2)(jnp.arange(6), jax.random.key(0), step).tolist() for step in range(3)]
        >>> sorted(epoch[0] + epoch[1] + epoch[2])
        [0, 1, 2, 3, 4, 5]
    """
    return Partial(bind_static(_shuffled, batch_size=check_size("batch_size", batch_size)))


def with_replacement(batch_size: int) -> Partial:
    """Draw batches of rows uniformly and independently, with replacement.

    Args:
        batch_size: Number of rows of a batch, as for ``shuffled``.

    Returns:
        ``(data, key, step) -> batch``.

    Raises:
        ValueError: As for ``shuffled``.
    """
    return Partial(bind_static(_with_replacement, batch_size=check_size("batch_size", batch_size)))


def _shuffled(data: PyTree, key: Key, step: Array, *, batch_size: int) -> PyTree:
    num_rows = _num_rows(data, batch_size)
    epoch, index = jnp.divmod(step, num_rows // batch_size)
    places = index * batch_size + jnp.arange(batch_size)  # [batch]
    return _take(data, permuted(jax.random.fold_in(key, epoch), num_rows, places))


def _with_replacement(data: PyTree, key: Key, step: Array, *, batch_size: int) -> PyTree:
    key, num_rows = jax.random.fold_in(key, step), _num_rows(data, batch_size)
    return _take(data, jax.random.randint(key, (batch_size,), 0, num_rows, jnp.int32))


def _take(data: PyTree, rows: Array) -> PyTree:
    return jax.tree.map(lambda leaf: leaf.at[rows].get(mode="promise_in_bounds"), data)


def _num_rows(data: PyTree, batch_size: int) -> int:
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(data)]
    if len({shape[:1] for shape in shapes}) != 1 or not shapes[0]:
        raise ValueError(f"data must be arrays [row, ...] with equally many rows, got shapes {shapes}")
    num_rows = shapes[0][0]
    if not num_rows:
        raise ValueError("data have no rows: the split is empty; choose another, or a larger share of it")
    if batch_size > num_rows:
        raise ValueError(
            f"a batch of {batch_size} is larger than the data set of {num_rows} rows; take fewer"
        )
    return num_rows
