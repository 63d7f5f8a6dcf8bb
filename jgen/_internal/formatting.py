"""Values for a reader: the cells of a table."""

import functools
import json
import math
from typing import Any

import jax
import numpy as np

from jgen._internal.serialization import record
from jgen.types import Result


@functools.singledispatch
def show(value: Any) -> str:
    """Writes a value for a reader: numbers to five figures, a ``Result`` with its interval.

    Args:
        value: A table cell.

    Returns:
        A short string.

    Example:
        >>> show(3.14159265), show(12), show(float("nan")), show(None)
        ('3.1416', '12', 'NaN', '-')
        >>> show(Result(-180.19, -181.0, -179.0, 150, "held out", {}))
        '-180.19 [-181, -179]'
    """
    plain = record(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


@show.register
def _(_: None) -> str:
    return "-"


@show.register
def _(value: bool) -> str:
    return "yes" if value else "no"


@show.register
def _(value: int) -> str:
    return str(value)


@show.register
def _(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return format(value, ",.0f" if 1e5 <= abs(value) < 1e9 else ".5g")


@show.register
def _(value: Result) -> str:
    return f"{show(value.value)} [{show(value.low)}, {show(value.high)}]"


@show.register(np.ndarray)
@show.register(np.generic)
@show.register(jax.Array)
def _(value: Any) -> str:
    plain = np.asarray(value).tolist()
    return "[" + ", ".join(show(item) for item in plain) + "]" if isinstance(plain, list) else show(plain)


@show.register(list)
@show.register(tuple)
def _(value: Any) -> str:
    return "[" + ", ".join(show(item) for item in value) + "]"
