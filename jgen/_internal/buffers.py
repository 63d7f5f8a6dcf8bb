"""Rows of draws: written by the device into a buffer, taken by the host, each leaf of a pytree an array.

Of what is the same in every draw there is one row.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

ALIGNMENT = 64
"""Bytes; of arrays in one piece of memory."""


def num_bytes(shape: Any) -> int:
    """Bytes of an array of this shape and type."""
    return math.prod(shape.shape) * shape.dtype.itemsize


def rows(count: int, shapes: Any, still: Sequence[bool]) -> Any:
    """The shapes of ``count`` rows; of one where a leaf is still.

    Example:
        >>> one = {"x": jax.ShapeDtypeStruct((3,), "float32"), "cost": jax.ShapeDtypeStruct((), "int32")}
        >>> jax.tree.map(lambda leaf: leaf.shape, rows(5, one, [True, False]))  # keys in their order
        {'cost': (1,), 'x': (5, 3)}
    """
    leaves, structure = jax.tree.flatten(shapes)
    counts = [1 if same else count for same in still]
    made = [
        jax.ShapeDtypeStruct((n, *leaf.shape), leaf.dtype) for n, leaf in zip(counts, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, made)


def write(buffer: Any, index: jax.Array, row: Any) -> Any:
    """Writes one row of a buffer, the last where the index is beyond it.

    ``rows.at[index].set`` would read the row too, lest the index be outside.
    """
    return jax.tree.map(
        lambda leaf, one: jax.lax.dynamic_update_index_in_dim(leaf, one, index, 0), buffer, row
    )


def on_host(shapes: Any) -> Any:
    """Host arrays of these shapes, cut from one piece of memory, not filled.

    NumPy asks for large pages from 4 MiB on. The first touch of small ones costs more than cheap draws do.
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


def take(stored: Any, begin: int, count: int, buffer: Any) -> None:
    """Copies the first ``count`` rows of a buffer to where they belong."""

    def copy(to: np.ndarray, leaf: jax.Array) -> None:
        to[begin : begin + count] = np.asarray(leaf)[:count]

    jax.tree.map(copy, stored, buffer)


def repeated(stored: np.ndarray, count: int) -> np.ndarray:
    """The first ``count`` rows, or as many views of the only one."""
    return stored[:count] if len(stored) >= count else np.broadcast_to(stored, (count, *stored.shape[1:]))
