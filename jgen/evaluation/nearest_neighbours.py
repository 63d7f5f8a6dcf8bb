"""Find nearest neighbours and count rows in balls, in blocks of bounded memory, exactly where it matters."""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

BLOCK = 1_000_000
"""Distances in memory at a time (4 MB in float32), or one per row of the larger sample where that is more."""
COMPILED_FROM = 4_000_000
"""Distances from which XLA multiplies; below, NumPy does, as compilation would take longer."""
WIDEST = 4096
"""Features up to which products are taken in float32; above, their error bounds decide too few pairs."""


class Neighbours(NamedTuple):
    """Nearest rows of each query.

    Attributes:
        squared: Squared distances, rising ``[query, k]``.
        indices: Which rows, equal distances in the order of the rows ``[query, k]``.
        num_balls: Number of queries whose k-th neighbour is no nearer than the row: whose ball holds it
            ``[row]``. Not counted for the row itself.
    """

    squared: np.ndarray
    indices: np.ndarray
    num_balls: np.ndarray


class BallCounts(NamedTuple):
    """Points in closed balls.

    Attributes:
        by_centre: Points in each ball ``[radius, centre]``.
        by_point: Balls that hold each point ``[radius, point]``.
    """

    by_centre: np.ndarray
    by_point: np.ndarray


def in_order(rows: np.ndarray) -> np.ndarray:
    """Sort rows by their numbers, the first column first: seeded splits then depend on no order of rows."""
    return rows[np.lexsort(rows.T[::-1])]


def generator_of(rows: np.ndarray) -> np.random.Generator:
    """Return a generator whose seed is a checksum of the rows: splits of one sample are always the same.

    A fixed seed would take the same ranks of sorted rows in every sample, which are no random rows.
    """
    return np.random.default_rng(zlib.crc32(np.ascontiguousarray(rows).tobytes()))


def to_unit(*samples: np.ndarray) -> list[np.ndarray]:
    """Convert samples to float64 and divide them by one power of two, which is exact: squares stay finite.

    Example:
        >>> bool(to_unit(np.array([[4e200, 0.0]]))[0].max() <= 1)
        True
    """
    wide = [np.asarray(sample, np.float64) for sample in samples]
    largest = max(float(np.abs(sample).max(initial=0)) for sample in wide)
    return [np.ldexp(sample, -int(np.frexp(largest)[1])) for sample in wide]


def nearest(rows: np.ndarray, k: int, queries: np.ndarray | None = None) -> Neighbours:
    r"""Find the k nearest rows of each query; of each row itself, without itself, where ``queries`` is None.

    Products in float32, with a bound of their rounding error, leave a few candidates a query. Their squared
    distances are sums of squared differences in float64: equal points are at distance 0, and equal distances
    are equal in every block.

    Args:
        rows: ``[row, dim]``, of ``to_unit``.
        k: Number of neighbours, fewer than rows.
        queries: ``[query, dim]``, of the same ``to_unit``.

    Returns:
        The neighbours. Memory: that of ``BLOCK`` distances beside the rows.

    Example:
        >>> nearest(np.array([[0.0], [1.0], [1.0], [4.0]]), 1).squared[:, 0].tolist()
        [1.0, 0.0, 0.0, 9.0]
    """
    is_self = queries is None
    queries = rows if queries is None else queries
    squared, index = np.empty((len(queries), k)), np.empty((len(queries), k), np.int64)
    num_balls = np.zeros(len(rows), np.int64)
    num_near = k + is_self
    width = int(np.clip(len(rows) // (4 * num_near), 1, 20))
    for start, lower, both in _products(queries, rows, width):
        slack = both.of_columns.reshape(width, -1).max(0)
        by_group = lower.reshape(len(lower), width, -1).min(1) + slack  # k groups have k rows within the k-th
        bound = np.partition(by_group, num_near - 1, axis=1)[:, num_near - 1]
        i, j = np.divmod(np.flatnonzero(lower <= (bound + both.of_rows)[:, None]), lower.shape[1])
        distances = _squared(queries, rows, i + start, j)
        if is_self:
            others = i + start != j
            i, j, distances = i[others], j[others], distances[others]
        order = np.lexsort((j, distances, i))
        i, j, distances = i[order], j[order], distances[order]
        first = np.searchsorted(i, np.arange(len(lower)))[:, None] + np.arange(k)
        here = slice(start, start + len(lower))
        squared[here], index[here] = distances[first], j[first]
        within = distances <= squared[here][i, -1]
        num_balls += np.bincount(j[within], minlength=len(rows))
    return Neighbours(squared, index, num_balls)


def ball_counts(centres: np.ndarray, squared_radii: np.ndarray, points: np.ndarray) -> BallCounts:
    """Count the points in closed balls, and the balls that hold each point.

    Pairs whose rounding error leaves open which side they are on are decided by differences in float64, as
    the radii of ``nearest`` are: a point at exactly the radius is inside.

    Args:
        centres: ``[centre, dim]``, of ``to_unit``.
        squared_radii: Several sets of them ``[radius, centre]``; a negative one makes an empty ball.
        points: ``[point, dim]``, of the same ``to_unit``.

    Returns:
        The counts. Memory: as ``nearest``, twice where most points are in most balls.

    Example:
        >>> line = np.array([[0.0], [1.0], [3.0]])
        >>> counts = ball_counts(line, np.array([[1.0, 4.0, 4.0]]), line)
        >>> counts.by_centre.tolist(), counts.by_point.tolist()
        ([[2, 3, 2]], [[2, 3, 2]])
    """
    by_centre = np.zeros((len(squared_radii), len(centres)), np.int64)
    by_point = np.zeros((len(squared_radii), len(points)), np.int64)
    for start, lower, both in _products(centres, points, 1):
        here = slice(start, start + len(lower))
        for index, radii in enumerate(squared_radii):
            bound = (radii[here] - both.square_of_rows).astype(lower.dtype)
            flat = np.flatnonzero(lower <= (bound + both.of_rows)[:, None])
            i, j = np.divmod(flat, lower.shape[1])
            is_open = lower.ravel()[flat] + both.of_columns[j] >= bound[i]
            exact = _squared(centres, points, i[is_open] + start, j[is_open])
            is_inside = ~is_open
            is_inside[is_open] = exact <= radii[i[is_open] + start]
            by_centre[index, here] = np.bincount(i[is_inside], minlength=len(lower))
            by_point[index] += np.bincount(j[is_inside], minlength=len(points))
    return BallCounts(by_centre, by_point)


class _Bounds(NamedTuple):
    """What is added to or taken from products.

    Attributes:
        square_of_rows: Upper bound of the squared norm, in float64 ``[row]``.
        of_rows: Width between lower and upper bound that a row adds ``[row]``.
        of_columns: That a column adds ``[column]``.
    """

    square_of_rows: np.ndarray
    of_rows: np.ndarray
    of_columns: np.ndarray


def _products(queries: np.ndarray, rows: np.ndarray, width: int) -> Iterator[tuple[int, np.ndarray, _Bounds]]:
    """Yield blocks of lower bounds of squared distances less the squared norm of the query.

    Both samples are centred by the median of the rows, which a far row does not move. A rounded product of D
    terms errs by D u |x| |y| at most, u = 2^-24, so by D u (|x|^2 + |y|^2) / 2; the squares and sums round a
    few times more. Columns are padded with infinity to a multiple of ``width``.
    """
    dtype = np.float32 if rows.shape[1] <= WIDEST else np.float64
    info = np.finfo(dtype)
    middle = np.partition(rows, len(rows) // 2, axis=0)[len(rows) // 2]
    x, y = ((sample - middle).astype(dtype) for sample in (queries, rows))
    slack = (rows.shape[1] + 24) * float(info.eps)
    small = rows.shape[1] * float(info.tiny)
    of_x, of_y = (np.einsum("ij,ij->i", sample, sample, dtype=np.float64) for sample in (x, y))
    pad = -len(rows) % width
    lower_y = np.append(of_y * (1 - slack) - small, np.full(pad, np.inf)).astype(dtype)
    of_columns = np.append(2 * (slack * of_y + small), np.zeros(pad)).astype(dtype)
    turned = np.concatenate([-2 * y.T, np.zeros((y.shape[1], pad), dtype)], axis=1)
    size = int(np.clip(BLOCK // len(lower_y), 1, len(x)))
    is_compiled = dtype is np.float32 and len(x) * len(lower_y) >= COMPILED_FROM
    right = (jnp.asarray(turned), jnp.asarray(lower_y)) if is_compiled else (turned, lower_y)
    for start in range(0, len(x), size):
        block, norms = x[start : start + size], of_x[start : start + size]
        if is_compiled:
            padded = np.concatenate([block, np.zeros((size - len(block), x.shape[1]), dtype)])
            lower = np.asarray(_multiply(padded, *right))[: len(block)]
        else:
            lower = block @ right[0]
            lower += right[1]
        of_rows = (2 * (slack * norms + small)).astype(dtype)
        yield start, lower, _Bounds(norms * (1 + slack) + small, of_rows, of_columns)


@jax.jit
def _multiply(x: jax.Array, turned: jax.Array, lower: jax.Array) -> jax.Array:
    return jnp.matmul(x, turned, precision=jax.lax.Precision.HIGHEST) + lower[None]


def _squared(first: np.ndarray, second: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Compute squared distances of pairs of rows by their differences, in bounded memory ``[pair]``."""
    squared = np.empty(len(i))
    size = max(1, BLOCK // (2 * first.shape[1]))
    for start in range(0, len(i), size):
        here = slice(start, start + size)
        difference = first[i[here]] - second[j[here]]
        squared[here] = np.square(difference, out=difference).sum(1)
    return squared
