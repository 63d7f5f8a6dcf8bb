"""Find whether a metric of nearest neighbours has any resolution, by samples of disjoint supports."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jgen.evaluation.metric import beyond_resolution
from jgen.evaluation.nearest_neighbours import generator_of
from jgen.types import Result

LARGEST = 0.5
"""Share of the null that a metric without fault may read where the truth is 0."""
ROWS = 4000


def reading_of_halves(statistic: Callable[[np.ndarray, np.ndarray], Any], real: np.ndarray) -> Any:
    r"""Compute what a statistic reads for two halves of the real rows on the two sides of a hyperplane.

    Their supports are disjoint, so a metric of common support should read 0. In many dimensions balls reach
    across the hyperplane, and nearest neighbours read about as much as for one distribution. The hyperplane
    is orthogonal to the difference of two of the rows, drawn at random, and halves them.

    Args:
        statistic: ``statistic(lower half, upper half)`` -> numbers, each over its null.
        real: ``[n, dim]``, in an order of their own; four or more.

    Returns:
        Means over one to four hyperplanes, the more the fewer rows ``[number]``.

    Example:
        >>> apart = lambda x, y: x.max() < y.min() or y.max() < x.min()
        >>> float(reading_of_halves(apart, np.arange(8.0)[:, None]))
        1.0
    """
    rng = generator_of(real)
    readings = []
    for _ in range(int(np.clip(ROWS // len(real), 1, 4))):
        first, second = rng.choice(len(real), 2, replace=False)
        order = np.argsort(real @ (real[first] - real[second]), kind="stable")
        half = len(real) // 2
        readings.append(statistic(real[order[:half]], real[order[half:]]))
    return np.mean(readings, axis=0)


def without_resolution(result: Result, reading: float, name: str) -> Result:
    """Flag a result whose metric reads disjoint halves, or one distribution, much as it should the other.

    That is where the reading of disjoint halves is above half of the null, or the null below a half.

    Args:
        result: The result, with its null.
        reading: Of ``reading_of_halves``, over the null.
        name: Of the metric, for the sentence.
    """
    if reading > LARGEST:
        reason = (
            f"for two halves of the real rows with disjoint supports {name} reads {reading:.2f} of what it "
            "reads for one distribution: balls of nearest neighbours are too wide in this dimension"
        )
        return beyond_resolution(result, reason)
    if result.null is not None and result.null.value < LARGEST:
        return beyond_resolution(result, f"two samples of one distribution read {result.null.value:.2f} only")
    return result
