"""Measure how far ranks are from uniform."""

import numpy as np
from scipy import stats


def farthest_from_uniform(ranks: np.ndarray, largest: int) -> tuple[float, int]:
    """Compute Kolmogorov-Smirnov distances of ranks, and of their distances from the middle, from uniform.

    The second detects a statistic that spreads too little or too much.

    Args:
        ranks: ``[statistic, replication]``, uniform on 0 .. ``largest`` under the null hypothesis.
        largest: The largest rank.

    Returns:
        The largest distance, and the index of its statistic.
    """
    from_middle = 2 * ranks - largest
    places = np.arange(-largest, largest + 1, 2)
    distances = [
        max(
            stats.ks_2samp(*pair, method="asymp").statistic
            for pair in ((row, places), (abs(row), abs(places)))
        )
        for row in from_middle
    ]
    worst = int(np.argmax(distances))
    return float(distances[worst]), worst
