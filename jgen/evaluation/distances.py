"""Compute distances between rows in blocks, their median, and an order of rows by their values."""

from collections.abc import Iterator

import numpy as np

BLOCK = 2**22
"""Entries of a block of a matrix of distances: 32 MiB."""
MOST_IN_MEDIAN = 2000


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    r"""Compute :math:`\|x_i - y_j\|^2` ``[row of x, row of y]`` in float64.

    By the inner products, a matrix product; entries that would lose more than half of their digits to
    cancellation are computed again by differences. So equal rows have distance 0 exactly.

    Args:
        x: ``[row, dim]``.
        y: ``[row, dim]``.

    Example:
        >>> squared_distances(np.array([[1e8]]), np.array([[1e8 + 3], [0.0]])).tolist()
        [[9.0, 1e+16]]
    """
    centre = np.median(x, 0)
    x, y = x - centre, y - centre
    sizes = (x * x).sum(1)[:, None] + (y * y).sum(1)  # [row of x, row of y]
    squared = sizes - 2 * x @ y.T
    first, second = np.nonzero(squared <= 1e-6 * sizes)
    if len(first) > len(x) + len(y):
        from scipy.spatial.distance import cdist

        return cdist(x, y, "sqeuclidean")
    squared[first, second] = ((x[first] - y[second]) ** 2).sum(1)
    return squared


def distance_blocks(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield blocks of the matrix of squared distances: which rows of x, and ``[row of block, row of y]``."""
    size = max(1, BLOCK // len(y))
    for start in range(0, len(x), size):
        rows = slice(start, min(start + size, len(x)))
        yield rows, squared_distances(x[rows], y)


def canonical_order(rows: np.ndarray) -> np.ndarray:
    """Return indices ``[row]`` that put rows ``[row, dim]`` in an order that depends on their values alone.

    What is drawn by a seed after rows are put in this order does not depend on the order they came in.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(9, 2))
        >>> bool((x[canonical_order(x)] == x[::-1][canonical_order(x[::-1])]).all())
        True
    """
    rows = np.ascontiguousarray(rows + 0.0)  # -0 and 0 are of one value
    return np.argsort(
        rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))[:, 0], kind="stable"
    )


def median_distance(rows: np.ndarray) -> float:
    """Compute the median distance of two rows, to six digits; of 2,000 of them where there are more.

    Args:
        rows: ``[row, dim]``, two or more.
    """
    rows = rows[canonical_order(rows)]
    if len(rows) > MOST_IN_MEDIAN:
        rows = rows[np.linspace(0, len(rows) - 1, MOST_IN_MEDIAN).astype(int)]
    squared = squared_distances(rows, rows)[np.triu_indices(len(rows), 1)]
    return float(f"{np.sqrt(np.median(squared)):.6g}")
