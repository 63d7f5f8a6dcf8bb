"""Check samples of metrics of nearest neighbours, and flag those with copies."""

from collections.abc import Mapping

import numpy as np

from jgen.evaluation.nearest_neighbours import Neighbours
from jgen.types import Result


def check_neighbours(samples: Mapping[str, np.ndarray], k: int, name: str) -> None:
    """Check that k nearest neighbours, and one more, can be found in every sample.

    Raises:
        ValueError: For a ``k`` below 1 or too few rows.
    """
    if k < 1 or k != int(k):
        raise ValueError(f"k must be a whole number from 1; got {k}")
    for sample, rows in samples.items():
        if len(rows) < k + 2:
            raise ValueError(
                f"{name} with k = {k} takes {k + 2} or more rows of each sample; got {len(rows)} of {sample}"
            )


def flag_copies(result: Result, neighbours: Neighbours, sample: str) -> Result:
    """Flag a result where rows have k copies or more in their own sample: their balls are points."""
    share = float((neighbours.squared[:, -1] == 0).mean())
    if share == 0:
        return result
    sentence = f"{share:.1%} of the rows of {sample} equal k others or more: their balls have radius 0"
    return result._replace(flags=(*result.flags, sentence))
