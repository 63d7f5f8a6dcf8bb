"""Buffer draws as pytrees of arrays, which are written on the device and copied to the host.

Each draw is one row; entries that are constant over a run have a single row.
"""

import math
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgen.types import Draws

ALIGNMENT = 64
"""Bytes to which each array is aligned in its block of memory."""


def num_bytes(shape: Any) -> int:
    """Return the size in bytes of an array of this shape and type."""
    return math.prod(shape.shape) * shape.dtype.itemsize


def buffer_shapes(count: int, draws: Draws) -> Draws:
    """Return the shapes of ``count`` rows of draws, and of one row for constant entries.

    Example:
        >>> from jgen.types import DrawKind
        >>> info = {"lp": np.zeros(3), "cost": np.zeros(3)}
        >>> one = Draws(np.zeros((3, 2)), info, None, DrawKind.MARKOV, frozenset({"cost"}))
        >>> jax.tree.map(lambda leaf: leaf.shape, buffer_shapes(5, one).info)
        {'cost': (1, 3), 'lp': (5, 3)}
    """

    def stack(name: str, leaf: Any) -> Any:
        return jax.ShapeDtypeStruct((1 if name in draws.constant else count, *leaf.shape), leaf.dtype)

    return replace(
        draws,
        value=jax.tree.map(partial(stack, "value"), draws.value),
        info={name: stack(name, entry) for name, entry in draws.info.items()},
        log_weight=jax.tree.map(partial(stack, "log_weight"), draws.log_weight),
    )


def row_bytes(draws: Draws) -> int:
    """Return the bytes that one more row of a buffer takes."""
    one, two = (sum(map(num_bytes, jax.tree.leaves(buffer_shapes(count, draws)))) for count in (1, 2))
    return two - one


def zeros(shapes: Any) -> Any:
    """Return arrays of zeros of these shapes."""
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)


def write_row(buffer: Any, index: jax.Array, row: Any) -> Any:
    """Write one row of a buffer; an index beyond its end writes the last row.

    ``rows.at[index].set`` would also read the row, in case the index is out of range.
    """
    return jax.tree.map(
        lambda leaf, one: jax.lax.dynamic_update_index_in_dim(leaf, one, index, 0), buffer, row
    )


def read(buffer: Any, index: jax.Array) -> Any:
    """Read one row of a buffer; an index beyond its end reads the last row."""
    return jax.tree.map(lambda leaf: jax.lax.dynamic_index_in_dim(leaf, index, 0, keepdims=False), buffer)


def allocate_on_host(shapes: Any) -> Any:
    """Allocate uninitialised host arrays of these shapes in one block of memory.

    From 4 MiB on NumPy asks for huge pages: first writes to small pages cost more than cheap draws.
    """
    leaves, structure = jax.tree.flatten(shapes)
    sizes = [num_bytes(leaf) for leaf in leaves]
    begins = np.cumsum([0, *(-(-size // ALIGNMENT) * ALIGNMENT for size in sizes)])
    memory = np.empty(begins[-1], np.uint8)
    arrays = [
        memory[begin : begin + size].view(leaf.dtype).reshape(leaf.shape)
        for begin, size, leaf in zip(begins[:-1], sizes, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, arrays)


def copy_rows(stored: Any, first: int, count: int, buffer: Any) -> None:
    """Copy the first ``count`` rows of a buffer to rows ``first`` and after of the stored arrays."""

    def copy(to: np.ndarray, leaf: jax.Array) -> None:
        to[first : first + count] = np.asarray(leaf)[:count]

    jax.tree.map(copy, stored, buffer)


def first_rows(stored: np.ndarray, count: int) -> np.ndarray:
    """Return the first ``count`` rows, or the only row repeated ``count`` times, without a copy."""
    return stored[:count] if len(stored) >= count else np.broadcast_to(stored, (count, *stored.shape[1:]))
