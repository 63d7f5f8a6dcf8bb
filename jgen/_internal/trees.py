"""Select between two pytrees, and flatten one."""

import math
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from jgen.types import Array, PyTree

T = TypeVar("T")


def select_tree(condition: Array, new: T, old: T) -> T:
    """Choose leaf by leaf: ``new`` where the condition holds, else ``old``.

    Args:
        condition: Boolean; its axes are the leading axes of every leaf.
        new: A pytree of arrays.
        old: A pytree of the same structure and shapes.

    Returns:
        A pytree like both. A leaf that is the same object in both is returned as it is.

    Example:
        >>> import jax.numpy as jnp
        >>> print(select_tree(jnp.array([True, False]), jnp.ones((2, 2)), jnp.zeros((2, 2))))
        [[1. 1.]
         [0. 0.]]
    """

    def choose(a: Array, b: Array) -> Array:
        if a is b:
            return a
        return jnp.where(jnp.expand_dims(condition, range(condition.ndim, jnp.ndim(a))), a, b)

    return jax.tree.map(choose, new, old)


def flatten_event(tree: PyTree, num_axes: int) -> np.ndarray:
    """Flatten each leaf after its first axes, and concatenate the leaves.

    Args:
        tree: Arrays that share their first axes.
        num_axes: How many axes they share.

    Returns:
        One NumPy array ``[*shared, dim]``.

    Example:
        >>> flatten_event({"a": jnp.ones((4, 5)), "b": jnp.ones((4, 5, 2, 3))}, 2).shape
        (4, 5, 7)
    """
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
    return np.concatenate(
        [leaf.reshape(*leaf.shape[:num_axes], math.prod(leaf.shape[num_axes:])) for leaf in leaves], axis=-1
    )
