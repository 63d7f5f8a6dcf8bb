"""Check options and convert them to arrays of one type."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def is_traced(values: Any) -> bool:
    """Return whether any leaf is a tracer, whose value cannot be read."""
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(values))


def innermost(wrapped: Any, attribute: str = "base_dist") -> Any:
    """Return the distribution (or constraint, by ``base_constraint``) inside all wrappers."""
    while hasattr(wrapped, attribute):
        wrapped = getattr(wrapped, attribute)
    return wrapped


def check_count(name: str, value: Any, *, least: int = 1) -> jax.Array:
    """Check an integer and convert it to int32 ``[]``; so 3 and ``np.int64(3)`` are the same program.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If a concrete one is below ``least``.

    Example:
        >>> int(check_count("num_steps", 3))
        3
    """
    if not jnp.issubdtype(jnp.result_type(value), jnp.integer):
        raise TypeError(f"{name} counts, so it must be an integer; got {value!r}")
    if not is_traced(value) and not np.all(np.asarray(value) >= least):
        raise ValueError(f"{name} must be at least {least}; got {value}")
    return jnp.asarray(value, jnp.int32)


def check_positive(name: str, value: Any) -> jax.Array:
    """Check a positive, finite number and convert it to float ``[]``; so 1 and 1.0 are the same program.

    Raises:
        ValueError: If a concrete one is not.

    Example:
        >>> float(check_positive("step_size", 1))
        1.0
    """
    if not is_traced(value) and not np.all((np.asarray(value) > 0) & np.isfinite(value)):
        raise ValueError(f"{name} must be positive and finite; got {value}")
    return jnp.asarray(value, float)


def check_finite(name: str, rows: np.ndarray) -> np.ndarray:
    """Return a table ``[row, column]`` of finite numbers.

    Raises:
        ValueError: If a number is not finite; the message states its row and column.

    Example:
        >>> check_finite("rows", np.ones((2, 1))).shape
        (2, 1)
    """
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        raise ValueError(f"{name} must be finite, got {rows[row, column]} in row {row}, column {column}")
    return rows
