"""Choose between two pytrees."""

from typing import TypeVar

import jax
import jax.numpy as jnp

from jgen.types import Array

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
