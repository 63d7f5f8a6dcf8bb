"""Compute optimal transport on a line, for many lines at once and samples of any sizes."""

from typing import NamedTuple

import numpy as np


class Merged(NamedTuple):
    """Union of the steps of several empirical quantile functions.

    Attributes:
        widths: Of its intervals in (0, 1) ``[interval]``.
        ranks: For each sample, the rank of its quantile on each interval ``[interval]``.
    """

    widths: np.ndarray
    ranks: tuple[np.ndarray, ...]


def merge_quantiles(*sizes: int) -> Merged:
    """Merge the steps 1/n, 2/n, ... of the quantile functions of samples of these sizes.

    Example:
        >>> merged = merge_quantiles(2, 3)
        >>> merged.widths.round(3).tolist(), [ranks.tolist() for ranks in merged.ranks]
        ([0.333, 0.167, 0.167, 0.333], [[0, 0, 1, 1], [0, 1, 1, 2]])
    """
    common = np.lcm.reduce(np.array(sizes, object))  # Python's integers, so that no step is rounded
    steps = np.unique(
        np.concatenate([np.arange(1, size + 1, dtype=object) * (common // size) for size in sizes])
    )
    starts = np.concatenate([[0], steps[:-1]])
    ranks = tuple(np.array(starts // (common // size), int) for size in sizes)
    return Merged(np.array((steps - starts) / common, float), ranks)


def squared_wasserstein(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    r"""Compute :math:`W_2^2 = \int (Q_x - Q_y)^2 du` of samples on lines ``[line]``, exactly.

    Args:
        x: Sorted along the first axis ``[n, line]``.
        y: Sorted along the first axis ``[m, line]``.

    Example:
        >>> squared_wasserstein(np.array([[0.0], [1.0]]), np.array([[0.0], [1.0], [1.0]])).round(6).tolist()
        [0.166667]
    """
    widths, (of_x, of_y) = merge_quantiles(len(x), len(y))
    return np.einsum("i,il->l", widths, (x[of_x] - y[of_y]) ** 2)


def crossed_wasserstein(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    r"""Compute :math:`\int (Q_x - Q_y) (Q_{x'} - Q_{y'}) du` of disjoint halves of both samples ``[line]``.

    The errors of the two factors are independent, so that their product has no bias from their variance,
    which is the bias of the plain value where the distributions are equal.

    Args:
        x: Rows ``[n, line]``, two or more, in any order.
        y: Rows ``[m, line]``, two or more.
        rng: Draws the halves.
    """
    halves = []
    for rows in (x, y):
        order, half = rng.permutation(len(rows)), len(rows) // 2
        halves += [np.sort(rows[order[:half]], axis=0), np.sort(rows[order[half:]], axis=0)]
    widths, ranks = merge_quantiles(*map(len, halves))
    x1, x2, y1, y2 = (half[rank] for half, rank in zip(halves, ranks, strict=True))
    return np.einsum("i,il,il->l", widths, x1 - y1, x2 - y2)


def potentials(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    r"""Compute the dual potential of each row of x: its influence on the squared distance ``[n, line]``.

    .. math:: f(x_{k+1}) - f(x_k) = x_{k+1}^2 - x_k^2 - 2 Q_y(k/n) (x_{k+1} - x_k)

    With :math:`Q_y` the mean of its two sides where it steps at k/n.

    Args:
        x: Sorted along the first axis ``[n, line]``.
        y: Sorted along the first axis ``[m, line]``.

    Returns:
        In the sorted order, of mean 0.

    Reference:
        Santambrogio (2015), Optimal transport for applied mathematicians, section 7.2.
    """
    n, m = len(x), len(y)
    after = np.arange(1, n) * m // n  # rank of the quantile just above k/n
    before = -(-np.arange(1, n) * m // n) - 1  # and just below
    partner = (y[before] + y[after]) / 2  # [n - 1, line]
    rises = np.diff(x, axis=0) * (x[1:] + x[:-1] - 2 * partner)
    found = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(rises, axis=0)])
    return found - found.mean(0)
