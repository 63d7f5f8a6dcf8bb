"""How far ranks are from uniform, for the laws that rank what must not stand out."""

import numpy as np


def farthest_from_uniform(ranks: np.ndarray, largest: int) -> tuple[float, int]:
    """Kolmogorov-Smirnov distance of ranks, and of how far they lie from the middle, from their laws.

    The second sees a statistic that spreads too little or too much.

    Args:
        ranks: ``[statistic, replication]``, uniform on 0 .. ``largest`` if all is right.
        largest: The largest rank.

    Returns:
        The largest distance, and of which statistic.
    """
    places = np.arange(largest + 1)
    distances = [
        max(_distance(row, places), _distance(_folded(row, largest), _folded(places, largest)))
        for row in ranks
    ]
    worst = int(np.argmax(distances))
    return distances[worst], worst


def _folded(ranks: np.ndarray, largest: int) -> np.ndarray:
    """How far ranks lie from the middle."""
    return np.abs(2 * ranks - largest)


def _distance(found: np.ndarray, every: np.ndarray) -> float:
    """Largest difference of the distribution functions of a sample and of all that is equally likely."""
    cuts = np.unique(every)
    below = [np.searchsorted(np.sort(values), cuts, side="right") / len(values) for values in (found, every)]
    return float(np.abs(below[0] - below[1]).max())
