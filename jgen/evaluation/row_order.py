"""Put rows in an order that is random, and is the same however the rows came in."""

import numpy as np

from jgen.evaluation.feature_moments import centred_blocks

DECIMALS = 9
"""Of the distances; those that differ by less count as equal, since rounding moves them."""


def random_order(rows: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return indices that put rows in a random order which depends on their values alone.

    The rows are sorted by their distance from their mean, those of one distance by their values, and the
    sorted rows are shuffled by the seed. So batches, shards and the order in which rows came change nothing,
    nor does a joint rotation, but for rounding; equal rows are shuffled like any others.

    Args:
        rows: ``[row, dim]``.
        seed: Of the shuffle.

    Returns:
        A permutation ``[row]``.

    Example:
        >>> rows = np.array([[3.0], [1.0], [2.5]])
        >>> rows[random_order(rows)].tolist() == rows[::-1][random_order(rows[::-1])].tolist()
        True
    """
    rows = np.ascontiguousarray(rows)
    blocks = centred_blocks(rows, rows.mean(0, dtype=np.float64))
    distance = np.concatenate([np.einsum("ij,ij->i", block, block) for block in blocks])  # [row]
    largest = distance.max(initial=0.0)
    rounded = np.round(distance / largest, DECIMALS) if largest > 0 else distance
    by_value = np.argsort(rows.view(f"V{rows.shape[1] * rows.dtype.itemsize}").ravel(), kind="stable")
    ordered = by_value[np.argsort(rounded[by_value], kind="stable")]
    return ordered[np.random.default_rng([seed, len(rows)]).permutation(len(rows))]
