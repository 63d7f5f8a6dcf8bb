"""Simulate what a metric reads for two samples of one distribution, from splits of the real rows."""

from collections.abc import Callable

import numpy as np

from jgen.evaluation.metric import result_of
from jgen.types import Result


def null_from_splits(
    statistic: Callable[[np.ndarray, np.ndarray], float],
    real: np.ndarray,
    num_generated: int,
    *,
    num_splits: int = 20,
    seed: int = 0,
) -> Result | None:
    """Compute the null of a statistic from random splits of the real rows in two disjoint parts.

    The parts have the proportions of the two samples, n to m, and as many rows as there are: n m / (n + m)
    is then at most that of the samples themselves, so biases of small samples are overstated; ``n`` and the
    method of the result say at which sizes it was read.

    Args:
        statistic: ``statistic(real [n', dim], generated [m', dim])`` -> a number.
        real: The real rows ``[n, dim]``.
        num_generated: m, the size of the generated sample.
        num_splits: Number of random splits.
        seed: Of the splits.

    Returns:
        The mean reading and the range in which 95 % of readings lie, by their standard deviation; None for
        fewer than four rows.

    Example:
        >>> real = np.random.default_rng(0).normal(size=(400, 1))
        >>> null = null_from_splits(lambda x, y: float(x.mean() - y.mean()), real, 400)
        >>> bool(null.low < 0 < null.high), null.n
        (True, 200)
    """
    if len(real) < 4:
        return None
    first = int(np.clip(round(len(real) * len(real) / (len(real) + num_generated)), 2, len(real) - 2))
    rng = np.random.default_rng(seed)
    readings = []
    for _ in range(num_splits):
        order = rng.permutation(len(real))
        readings.append(statistic(real[order[:first]], real[order[first:]]))
    method = f"{num_splits} splits of the real rows, {first} and {len(real) - first}"
    return result_of(np.mean(readings), np.std(readings, ddof=1), first, method, {})
