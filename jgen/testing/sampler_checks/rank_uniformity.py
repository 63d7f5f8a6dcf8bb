"""Measure how far ranks are from uniform."""

import numpy as np


def farthest_from_uniform(ranks: np.ndarray, largest: int) -> tuple[float, int]:
    """Compute Kolmogorov-Smirnov distances of ranks, and of their distances from the middle, from uniform.

    The second detects a statistic that spreads too little or too much.

    Args:
        ranks: ``[statistic, replication]``, uniform on 0 .. ``largest`` under the null hypothesis.
        largest: The largest rank.

    Returns:
        The largest distance, and the index of its statistic.
    """
    places = np.arange(largest + 1)
    distances = [
        max(_distance(row, places), _distance(_folded(row, largest), _folded(places, largest)))
        for row in ranks
    ]
    worst = int(np.argmax(distances))
    return distances[worst], worst


def _folded(ranks: np.ndarray, largest: int) -> np.ndarray:
    """Compute distances from the middle rank."""
    return np.abs(2 * ranks - largest)


def _distance(sample: np.ndarray, support: np.ndarray) -> float:
    """Compute the largest difference of the distribution functions of a sample and its support."""
    cuts = np.unique(support)
    below = [
        np.searchsorted(np.sort(values), cuts, side="right") / len(values) for values in (sample, support)
    ]
    return float(np.abs(below[0] - below[1]).max())
