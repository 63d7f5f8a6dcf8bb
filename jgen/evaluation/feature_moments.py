"""Compute, merge, save and load the mean and the covariance of features."""

from collections.abc import Iterator
from os import PathLike
from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import dsyrk

BLOCK = 2048
"""Rows that are converted to float64 at a time."""


class Moments(NamedTuple):
    """Mean and covariance of a sample of features, in float64.

    Attributes:
        mean: ``[dim]``.
        covariance: Over n - 1 ``[dim, dim]``.
        n: Number of rows.
    """

    mean: np.ndarray
    covariance: np.ndarray
    n: int


def moments_of(features: np.ndarray) -> Moments:
    """Compute mean and covariance of features, all sums in float64 of rows less their mean.

    Args:
        features: Two rows or more ``[row, dim]``, in any float type; only a block of them is converted at a
            time, so the memory beside them is that of two covariances.

    Returns:
        The moments.

    Raises:
        ValueError: For fewer than two rows, or another shape.

    Example:
        >>> moments = moments_of(np.array([[0.0, 1.0], [2.0, 5.0]]))
        >>> moments.mean.tolist(), moments.covariance.tolist()
        ([1.0, 3.0], [[2.0, 4.0], [4.0, 8.0]])

    Reference:
        Chan, Golub and LeVeque (1983), Algorithms for computing the sample variance.
    """
    features = np.asarray(features)
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"a covariance takes features [row, dim], two rows or more; got {features.shape}")
    mean = features.mean(0, dtype=np.float64)
    triangle = np.zeros((features.shape[1],) * 2, order="F")
    rest = np.zeros_like(mean)
    for block in centred_blocks(features, mean):
        triangle = dsyrk(1.0, block.T, beta=1.0, c=triangle, overwrite_c=True)  # the upper one
        rest += block.sum(0)
    rest /= len(features)  # what rounding left of the mean
    scatter = triangle + triangle.T
    np.fill_diagonal(scatter, triangle.diagonal())
    scatter -= len(features) * np.outer(rest, rest)
    return Moments(mean + rest, scatter / (len(features) - 1), len(features))


def centred_blocks(
    features: np.ndarray, mean: np.ndarray, dtype: type[np.floating] = np.float64
) -> Iterator[np.ndarray]:
    """Return the rows less their mean, a block ``[block, dim]`` at a time, which the next one overwrites."""
    memory = np.empty((min(BLOCK, len(features)), features.shape[1]))
    for start in range(0, len(features), BLOCK):
        rows = features[start : start + BLOCK]
        block = np.subtract(rows, mean, out=memory[: len(rows)], dtype=np.float64)
        yield block.astype(dtype, copy=False)


def merge_moments(*samples: Moments) -> Moments:
    """Return the moments of several samples taken as one.

    Example:
        >>> rows = np.array([[0.0], [1.0], [5.0], [7.0]])
        >>> merged = merge_moments(moments_of(rows[:2]), moments_of(rows[2:]))
        >>> np.allclose(merged.covariance, moments_of(rows).covariance)
        True
    """
    sizes = np.array([one.n for one in samples])
    means = np.stack([one.mean for one in samples])  # [sample, dim]
    mean = sizes @ means / sizes.sum()
    apart = (means - mean) * np.sqrt(sizes)[:, None]
    scatter = apart.T @ apart
    term = np.empty_like(scatter)
    for one in samples:
        scatter += np.multiply(one.covariance, one.n - 1, out=term)
    scatter /= sizes.sum() - 1
    return Moments(mean, scatter, int(sizes.sum()))


def save_statistics(file: str | PathLike[str], moments: Moments) -> None:
    """Write moments as ``.npz`` with ``mu``, ``sigma`` and ``n``, the format of published statistics."""
    np.savez(file, mu=moments.mean, sigma=moments.covariance, n=moments.n)


def load_statistics(file: str | PathLike[str]) -> Moments:
    """Read published statistics, to stand for a real sample.

    Args:
        file: ``.npz`` with the mean ``mu`` ``[dim]``, the covariance ``sigma`` ``[dim, dim]`` over n - 1, and
            the number of rows ``n``.

    Returns:
        The moments, in float64.

    Raises:
        ValueError: For a file that lacks one of the three (many published files lack ``n``, without which
            neither bias nor error is known), or that holds no mean and covariance.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "statistics.npz")
        ...     save_statistics(file, moments_of(np.array([[0.0], [1.0], [5.0]])))
        ...     load_statistics(file).n
        3
    """
    with np.load(file) as stored:
        missing = sorted({"mu", "sigma", "n"} - set(stored.files))
        if missing:
            raise ValueError(
                f"{file} has no {' and no '.join(missing)}; statistics of a sample are mu [dim], sigma "
                "[dim, dim] and n, the number of rows. Write the file again with what is missing: "
                "save_statistics(file, Moments(mu, sigma, n))"
            )
        moments = Moments(
            np.asarray(stored["mu"], np.float64), np.asarray(stored["sigma"], np.float64), int(stored["n"])
        )
    return check_moments(moments)


def check_moments(moments: Moments) -> Moments:
    """Check shapes, numbers, symmetry and definiteness of moments.

    Raises:
        ValueError: Saying what is wrong.
    """
    mean, covariance, n = moments
    dim = np.size(mean)
    if np.shape(mean) != (dim,) or np.shape(covariance) != (dim, dim) or n < 2:
        raise ValueError(
            "moments are a mean [dim], a covariance [dim, dim] and the number of rows, two or more; got "
            f"shapes {np.shape(mean)} and {np.shape(covariance)}, and {n} rows"
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise ValueError("mean and covariance must be finite; these have a NaN or an infinity")
    size = np.abs(covariance).max(initial=0.0)
    if np.abs(covariance - covariance.T).max(initial=0.0) > 1e-6 * size:
        raise ValueError("a covariance is symmetric, and sigma is not")
    if np.linalg.eigvalsh(covariance).min(initial=0.0) < -1e-6 * dim * size:
        raise ValueError("a covariance has no negative eigenvalue, and sigma has one")
    return moments
