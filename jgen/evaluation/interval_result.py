"""Make a Result of a value and the ends of its interval, in float64."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jgen.types import Result


def interval_result(
    value: Any, low: Any, high: Any, n: int, method: str, protocol: Mapping[str, Any], **fields: Any
) -> Result:
    """Make the Result of a value with an interval that is not made from a standard error.

    Args:
        value: The estimate.
        low: Lower end of the 95 % interval.
        high: Upper end.
        n: Sample size behind it.
        method: How it was found, in a few words.
        protocol: What must agree before it may be compared.
        **fields: Other fields of the Result.

    Example:
        >>> interval_result(0.5, 0.25, 1.0, 9, "median", {})
        0.50 (95 % interval 0.25 to 1.00)
          n = 9, median
    """
    numbers: list[Any] = [np.float64(number) for number in (value, low, high)]
    return Result(numbers[0], numbers[1], numbers[2], n, method, dict(protocol), **fields)
