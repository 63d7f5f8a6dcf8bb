"""Convert settings and results of a run to JSON types and strings."""

import dataclasses
import enum
import functools
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np


def record(value: Any) -> Any:
    """Convert a value to plain JSON types, without loss of numbers.

    JSON has no NaN and no infinity, so they become the strings ``"NaN"``, ``"Infinity"`` and
    ``"-Infinity"``, which ``float`` (and JavaScript's ``Number``) read back. Arrays become nested
    lists, typed keys their key data, dataclasses and named tuples objects, enum members their names,
    and functions their dotted names; anything else becomes the name of its type, because a ``repr``
    may contain an address.

    Args:
        value: Anything: a setting, a metric, a ``Result``, a pytree of arrays.

    Returns:
        Nested dicts, lists, strings, numbers, booleans and None.

    Example:
        >>> record({"loss": np.float32("nan"), "sizes": (1, 2), "path": Path("runs")})
        {'loss': 'NaN', 'sizes': [1, 2], 'path': 'runs'}
        >>> float(record(-np.inf))
        -inf
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: record(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return _record(value)


def to_json(value: Any, indent: int | None = None) -> str:
    """Serialise a value as strict JSON, converted by ``record``.

    Args:
        value: Anything that ``record`` takes.
        indent: Spaces per level; None for one line.

    Returns:
        A string without bare ``NaN``, which any JSON reader accepts.

    Example:
        >>> to_json({"elbo": float("-inf"), "step": 3})
        '{"elbo": "-Infinity", "step": 3}'
    """
    return json.dumps(record(value), indent=indent, allow_nan=False, ensure_ascii=False)


@functools.singledispatch
def _record(value: Any) -> Any:
    if callable(value):
        value = getattr(value, "func", value)
        if hasattr(value, "__qualname__"):
            return f"{value.__module__}.{value.__qualname__}"
    return f"<{type(value).__qualname__}>"


@_record.register
def _(value: bool | int | str | None) -> Any:
    return value


@_record.register
def _(value: float) -> float | str:
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


@_record.register
def _(value: enum.Enum) -> str:
    return value.name


@_record.register
def _(value: Path) -> str:
    return str(value)


@_record.register
def _(value: Mapping) -> dict[str, Any]:
    return {str(key): record(item) for key, item in value.items()}


@_record.register(list)
@_record.register(tuple)
@_record.register(set)
@_record.register(frozenset)
def _(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return record(value._asdict())
    items = [record(item) for item in value]
    return sorted(items, key=repr) if isinstance(value, set | frozenset) else items


@_record.register(complex)
@_record.register(np.ndarray)
@_record.register(np.generic)
@_record.register(jax.Array)
def _(value: Any) -> Any:
    if jax.dtypes.issubdtype(getattr(value, "dtype", complex), jax.dtypes.prng_key):
        value = jax.random.key_data(value)
    array = np.asarray(value)
    if jax.dtypes.issubdtype(array.dtype, np.complexfloating):
        return {"real": record(array.real), "imag": record(array.imag)}
    if jax.dtypes.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    return record(array.tolist())
