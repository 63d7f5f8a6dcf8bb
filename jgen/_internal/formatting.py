"""Format values as cells of a table."""

import functools
import json
import math
from typing import Any

import jax
import numpy as np

from jgen._internal.serialization import record
from jgen.types import Result


@functools.singledispatch
def format_value(value: Any) -> str:
    """Format a value: numbers to five figures, a ``Result`` with its interval.

    Args:
        value: A table cell.

    Returns:
        A short string.

    Example:
        >>> format_value(3.14159265), format_value(12), format_value(float("nan")), format_value(None)
        ('3.1416', '12', 'NaN', '-')
        >>> format_value(Result(-180.19, -181.0, -179.0, 150, "held out", {}))
        '-180.19 [-181, -179]'
    """
    plain = record(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


@format_value.register
def _(_: None) -> str:
    return "-"


@format_value.register
def _(value: bool) -> str:
    return "yes" if value else "no"


@format_value.register
def _(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return format(value, ",.0f" if 1e5 <= abs(value) < 1e9 else ".5g")


@format_value.register
def _(value: Result) -> str:
    interval = f"{format_value(value.value)} [{format_value(value.low)}, {format_value(value.high)}]"
    return "; ".join((interval, *value.flags))


@format_value.register(np.ndarray)
@format_value.register(np.generic)
@format_value.register(jax.Array)
def _(value: Any) -> str:
    return format_value(np.asarray(value).tolist())


@format_value.register(list)
@format_value.register(tuple)
def _(value: Any) -> str:
    return "[" + ", ".join(format_value(item) for item in value) + "]"
