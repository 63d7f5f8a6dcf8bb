"""What every constructor here checks, and how it says what is wrong.

Numbers are checked where they are known (not under ``jit``), shapes always.
"""

import operator
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jgen._internal.validation import is_traced
from jgen.types import Array


def is_concrete(*values: Any) -> bool:
    """Whether all values are known now, so that their numbers (and not only shapes) can be checked."""
    return not is_traced(values)


def as_array(value: Any) -> Any:
    """Numbers and (nested) lists as arrays, still NumPy's where they are known; arrays as they are."""
    if hasattr(value, "shape"):
        return value
    return np.asarray(value) if is_concrete(value) else jnp.asarray(value)


def as_float(value: Any, dtype: Any = float) -> Array:
    """An array of floats whose type does not depend on how a scalar was written (1, 1.0 or an array)."""
    value = as_array(value)
    return jnp.asarray(value, dtype=jnp.result_type(value, dtype))


def check_one(caller: str, **options: Any) -> None:
    """Raises unless exactly one of the options was given."""
    given = [name for name, value in options.items() if value is not None]
    if len(given) != 1:
        raise TypeError(
            f"{caller} needs exactly one of {', '.join(options)}; it was given {given or 'none'}."
        )


def check_finite(caller: str, **values: Any) -> None:
    """Raises where a known value holds a NaN or an infinity."""
    for name, value in values.items():
        if is_concrete(value) and not np.all(np.isfinite(np.asarray(value))):
            raise ValueError(f"{caller}: {name} holds a NaN or an infinity.")


def check_simplex(name: str, probs: Any) -> None:
    """Raises where known probabilities are negative or do not sum to 1 over the last axis."""
    if not is_concrete(probs):
        return
    known = np.asarray(probs, dtype=float)
    if not np.all(known >= 0):
        raise ValueError(f"{name} must not be negative; the smallest is {np.min(known):.6g}.")
    total = np.sum(known, axis=-1)
    if not np.all(np.abs(total - 1) < 1e-5):
        worst = total.ravel()[np.argmax(np.abs(total.ravel() - 1))]
        raise ValueError(
            f"{name} must sum to 1 over the last axis; they sum to {worst:.6g}: divide by the sum."
        )


def check_positive(name: str, value: Any) -> None:
    """Raises where a known scalar is not a positive number."""
    if jnp.ndim(value) != 0:
        raise ValueError(f"{name} must be a scalar, given shape {jnp.shape(value)}.")
    if is_concrete(value) and not 0 < float(value) < float("inf"):
        raise ValueError(f"{name} must be positive and finite, given {float(value):.6g}.")


def check_indices(caller: str, distribution: Any, indices: Sequence[int]) -> list[int]:
    """Coordinates of a vector event, counted from 0; raises on what is not a list of distinct ones."""
    if len(distribution.event_shape) != 1:
        raise ValueError(
            f"{caller} needs events that are vectors, given event_shape {distribution.event_shape}."
        )
    if not is_concrete(indices) or np.ndim(indices) != 1:
        raise TypeError(f"{caller}: indices must be a list of known integers, given {indices!r}.")
    dim, kept = distribution.event_shape[0], [operator.index(i) for i in indices]
    if not kept or any(not -dim <= i < dim for i in kept) or len({i % dim for i in kept}) < len(kept):
        raise ValueError(
            f"{caller}: indices must be distinct, at least one, and in 0..{dim - 1}; given {kept}."
        )
    return [i % dim for i in kept]


def no_closed_form(caller: str, function: Any, *distributions: Any) -> TypeError:
    """The error of an operation that meets families it has no formula for."""
    given = " and ".join(type(d).__name__ for d in distributions)
    known = ", ".join(sorted(t.__name__ for t in function.registry if t is not object))
    return TypeError(f"{caller} has no closed form for {given}; it has one for {known} (of those).")
