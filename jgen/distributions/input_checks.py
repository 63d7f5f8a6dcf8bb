"""Check arguments of constructors: numbers where they are known (not under ``jit``), shapes always."""

import operator
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jgen._internal.validation import check_positive, is_traced
from jgen.types import Array


def to_array(value: Any) -> Any:
    """Convert numbers and (nested) lists to arrays, NumPy's where they are known; keep arrays."""
    if hasattr(value, "shape"):
        return value
    return jnp.asarray(value) if is_traced(value) else np.asarray(value)


def to_float(value: Any, dtype: Any = jnp.float32) -> Array:
    """Convert to an array of floats of one type, however a scalar was written (1, 1.0 or an array).

    Half precision becomes float32: a log-density of it would have two or three digits.
    """
    value = to_array(value)
    return jnp.asarray(value, dtype=jnp.promote_types(jnp.result_type(value, float), dtype))


def check_one(caller: str, **options: Any) -> None:
    """Raise unless exactly one of the options was given."""
    given = [name for name, value in options.items() if value is not None]
    if len(given) != 1:
        raise TypeError(
            f"{caller} needs exactly one of {', '.join(options)}; it was given {given or 'none'}."
        )


def check_finite(caller: str, **values: Any) -> None:
    """Raise where a known value holds a NaN or an infinity."""
    for name, value in values.items():
        if not is_traced(value) and not np.all(np.isfinite(np.asarray(value))):
            raise ValueError(f"{caller}: {name} holds a NaN or an infinity.")


def check_batches(caller: str, p: Any, q: Any) -> None:
    """Raise where the batches of two distributions do not broadcast."""
    try:
        np.broadcast_shapes(p.batch_shape, q.batch_shape)
    except ValueError:
        shapes = f"{p.batch_shape} and {q.batch_shape}"
        raise ValueError(f"{caller}: batches of shapes {shapes} do not broadcast.") from None


def check_simplex(name: str, probs: Any) -> None:
    """Raise where known probabilities are negative or do not sum to 1 over the last axis."""
    if is_traced(probs):
        return
    known = np.asarray(probs, dtype=float)
    if not known.ndim:
        raise ValueError(f"{name} must have an axis, over which they sum to 1; got a scalar.")
    if not np.all(known >= 0):
        raise ValueError(f"{name} must not be negative; the smallest is {np.min(known):.6g}.")
    total = np.sum(known, axis=-1)
    if not np.all(np.abs(total - 1) < 1e-5):
        worst = total.ravel()[np.argmax(np.abs(total.ravel() - 1))]
        raise ValueError(f"{name} must sum to 1 over the last axis, not {worst:.6g}: divide by the sum.")


def as_simplex(name: str, probs: Any) -> Array:
    """Check known probabilities, and divide them by their sum, which may be 1 but for rounding.

    Raises:
        ValueError: If known ones are negative or do not sum to 1 over the last axis.
    """
    check_simplex(name, probs)
    value = to_float(probs)
    return value if is_traced(probs) else value / value.sum(-1, keepdims=True)


def check_positive_scalar(name: str, value: Any) -> None:
    """Raise where a known scalar is not a positive number."""
    if jnp.ndim(value) != 0:
        raise ValueError(f"{name} must be a scalar, given shape {jnp.shape(value)}.")
    check_positive(name, value)


def check_indices(caller: str, distribution: Any, indices: Sequence[int]) -> list[int]:
    """Return distinct coordinates of a vector event, counted from 0."""
    shape = distribution.event_shape
    if len(shape) != 1:
        raise ValueError(f"{caller} needs events that are vectors, given event_shape {shape}.")
    if is_traced(indices) or np.ndim(indices) != 1 or any(isinstance(i, bool | np.bool_) for i in indices):
        raise TypeError(f"{caller}: indices must be a list of known integers, given {indices!r}.")
    dim, selected = shape[0], [operator.index(i) for i in indices]
    distinct = {i % dim for i in selected}
    if not selected or any(not -dim <= i < dim for i in selected) or len(distinct) < len(selected):
        raise ValueError(f"{caller}: give one or more distinct indices in 0..{dim - 1}, not {selected}.")
    return [i % dim for i in selected]


def no_closed_form(caller: str, function: Any, *distributions: Any) -> TypeError:
    """Make the error of an operation that has no formula for these families."""
    given = " and ".join(type(d).__name__ for d in distributions)
    known = ", ".join(sorted(t.__name__ for t in function.registry if t is not object))
    return TypeError(f"{caller} has no closed form for {given}; it has one for {known} (of those).")
