"""Maximise a function of one variable on a grid, in float64."""

from collections.abc import Callable

import numpy as np


def maximum_on_grid(function: Callable[[np.ndarray], np.ndarray], low: float, high: float) -> float:
    """Return the largest value of a smooth function on an interval, by a grid that is refined four times.

    The last step is 1e-11 of the interval, so the value is correct to rounding; the first, 1e-3 of it, must
    separate the highest peak from the others.

    Args:
        function: ``[node] -> [node]``.
        low: Lower end of the interval.
        high: Upper end.

    Example:
        >>> maximum_on_grid(lambda x: x * (2 - x), 0.0, 5.0)
        1.0
    """
    for _ in range(4):
        nodes = np.linspace(low, high, 1001)
        best = int(np.argmax(function(nodes)))
        low, high = nodes[max(best - 1, 0)], nodes[min(best + 1, 1000)]
    return float(function(np.linspace(low, high, 1001)).max())
