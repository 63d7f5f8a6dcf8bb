"""Apply conditions to array arguments: units, origins, types, NaN, infinities, ties, emptiness, ranks."""

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

LARGEST_EXPONENT = 80
TYPES = ("float32", "float64", "bfloat16", "float16", "int32", "int64", "uint8", "bool")

Condition = Callable[[np.random.Generator, np.ndarray], np.ndarray]


def plain(_, x):
    return x


def scale(rng, x):
    return np.ldexp(x, rng.integers(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1))


def small_scale(rng, x):
    """Scale within the range of half precision and integers."""
    return np.ldexp(x, rng.integers(-4, 8))


def offset(rng, x):
    """Add a constant: the value that is compared is the one that the type can hold afterwards."""
    return x + rng.choice([-1, 1]) * 2.0 ** rng.integers(0, 34)


def at_random(rng, x, values):
    """Put values in one to three places."""
    x = x.copy()
    if x.size:
        x.flat[rng.integers(0, x.size, rng.integers(1, 4))] = rng.choice(values)
    return x


def not_a_number(rng, x):
    return at_random(rng, x, [np.nan])


def infinite(rng, x):
    return at_random(rng, at_random(rng, x, [np.inf, -np.inf]), [np.inf, -np.inf])


def all_infinite(rng, x):
    return np.full(x.shape, rng.choice([-np.inf, np.inf]))


def constant(rng, x):
    return np.full(x.shape, rng.choice(x.ravel()) if x.size else 0.0)


def constant_rows(rng, x):  # noqa: ARG001
    """Make all numbers along the last axis equal."""
    return np.repeat(x[..., :1], x.shape[-1], axis=-1) if x.ndim else x


def zero(_, x):
    return np.zeros_like(x)


def ties(rng, x):
    """Leave three distinct values."""
    return rng.choice(rng.choice(x.ravel(), 3), x.shape) if x.size else x


VALUES: Mapping[str, Condition] = {
    each.__name__: each
    for each in (
        *(plain, scale, small_scale, offset, not_a_number, infinite, all_infinite),
        *(constant, constant_rows, zero, ties),
    )
}


def axis_of(rng, x, size):
    axis = rng.integers(0, x.ndim) if x.ndim else None
    return x if axis is None else np.take(x, np.arange(min(size, x.shape[axis])), axis)


SHAPES: Mapping[str, Condition] = {
    "empty": lambda rng, x: axis_of(rng, x, 0),
    "one": lambda rng, x: axis_of(rng, x, 1),
    "two": lambda rng, x: axis_of(rng, x, 2),
    "leading axis": lambda rng, x: x[None],  # noqa: ARG005
    "trailing axis": lambda rng, x: x[..., None],  # noqa: ARG005
    "one axis less": lambda rng, x: x[0] if x.ndim and len(x) else x,  # noqa: ARG005
    "flat": lambda rng, x: x.ravel(),  # noqa: ARG005
    "scalar": lambda rng, x: x.ravel()[0] if x.size else x,  # noqa: ARG005
}


def as_type(x: np.ndarray, name: str) -> np.ndarray:
    """Convert as a user's data may have been; integers and bits of NaN are zeros."""
    dtype = jnp.dtype(name)
    with np.errstate(all="ignore"):
        if name == "bool":
            return np.asarray(x > 0)
        if np.issubdtype(dtype, np.integer):
            limit = np.iinfo(dtype)
            return np.clip(np.round(np.nan_to_num(4 * x)), limit.min, min(limit.max, 2**53)).astype(dtype)
        return np.asarray(x).astype(dtype)


def vary(
    rng: np.random.Generator, arguments: Mapping[str, Any], is_wide: bool, has_shapes: bool
) -> tuple[dict[str, Any], str]:
    """Apply conditions drawn at random to the arrays among the arguments; return what was done, in words.

    A condition is applied to one of the arrays, or to all of them with the same random numbers, so that
    several arguments keep one unit or lose the same axis. Integers of 64 bits, which JAX would cut off, are
    given to functions that compute in 64 bits.
    """
    arrays = [name for name, value in arguments.items() if isinstance(value, np.ndarray)]
    made, words = dict(arguments), []
    if not arrays:
        return made, "as it is"

    def apply(label: str, change: Condition) -> None:
        chosen = arrays if rng.random() < 0.5 else [str(rng.choice(arrays))]
        seed = rng.integers(2**32)
        for name in chosen:
            made[name] = np.asarray(change(np.random.default_rng(seed), made[name]))
        words.append(label if len(chosen) == len(arrays) else f"{label} ({chosen[0]})")

    for label in rng.choice(list(VALUES), rng.integers(0, 3), replace=False):
        apply(label, VALUES[label])
    if has_shapes and rng.random() < 0.3:
        label = str(rng.choice(list(SHAPES)))
        apply(label, SHAPES[label])
    label = "float32" if rng.random() < 0.4 else str(rng.choice(TYPES))
    label = "int32" if label == "int64" and not is_wide else label
    apply(label, lambda _, x: as_type(x, label))
    for name in arrays:  # what was given no type is float32
        if made[name].dtype == np.float64 and label != "float64":
            made[name] = as_type(made[name], "float32")
    if rng.random() < 0.5:
        words.append("JAX arrays")
        made |= {name: jnp.asarray(made[name]) for name in arrays}
    return made, ", ".join(words)
