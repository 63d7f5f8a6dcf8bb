r"""Compute the optimal transport between two Gaussians from factors of their covariances.

With :math:`S_i = A_i A_i^T`, the trace of :math:`(S_1 S_2)^{1/2}` is the sum of the singular values of
:math:`A_1^T A_2`: real, never negative, and of the accuracy of the factors. A factor of n centred rows is the
rows themselves, so n rows in more than n dimensions need no covariance.
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg

from jgen.evaluation.feature_moments import Moments, centred_blocks, moments_of

WELL_CONDITIONED = 1e-8
"""Ratio of squared singular values above which their roots have twelve digits of the largest."""


class Gaussian(NamedTuple):
    """Gaussian by its mean and a factor of its covariance.

    Attributes:
        mean: ``[dim]``.
        factor: A, with covariance A A' ``[dim, rank]``.
        n: Rows that they are estimated from.
    """

    mean: np.ndarray
    factor: np.ndarray
    n: int


def gaussian_of(rows: np.ndarray, moments: Moments | None = None) -> Gaussian:
    """Compute mean and factor of rows ``[row, dim]``, whose moments may be known."""
    n, dim = rows.shape
    if n > dim:
        return from_moments(moments or moments_of(rows))
    mean = rows.mean(0, dtype=np.float64)
    centred = rows - mean  # [row, dim]
    rest = centred.mean(0)
    return Gaussian(mean + rest, (centred - rest).T / np.sqrt(n - 1), n)


def from_moments(moments: Moments) -> Gaussian:
    """Compute the factor of a covariance: Cholesky's, or that of its eigenvectors where it is singular."""
    covariance = moments.covariance
    try:
        factor = scipy.linalg.cholesky(covariance, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        factor = vectors * np.sqrt(positive_part(values))
    return Gaussian(moments.mean, factor, moments.n)


def positive_part(eigenvalues: np.ndarray) -> np.ndarray:
    """Set the eigenvalues of a positive matrix that are rounding to 0."""
    tolerance = len(eigenvalues) * np.finfo(np.float64).eps * eigenvalues.max(initial=0.0)
    return np.where(eigenvalues > tolerance, eigenvalues, 0.0)


def distance(first: Gaussian, second: Gaussian) -> float:
    r"""Compute :math:`|m_1 - m_2|^2 + tr S_1 + tr S_2 - 2 tr (S_1 S_2)^{1/2}`, to rounding of its terms.

    Example:
        >>> rows = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]])
        >>> abs(distance(gaussian_of(rows), gaussian_of(2 * rows + 1)) - 32 / 3) < 1e-14
        True
    """
    product = first.factor.T @ second.factor
    squares = _squares(product)
    if squares.size and squares[0] > WELL_CONDITIONED * squares[-1]:
        nuclear = np.sqrt(squares).sum()
    else:
        nuclear = scipy.linalg.svdvals(product, check_finite=False).sum()
    return max(_apart(first, second) - 2 * float(nuclear), 0.0)


def quick_distance(first: Gaussian, second: Gaussian) -> float:
    """Compute the distance to the root of rounding, where a covariance is nearly singular in less time."""
    squares = positive_part(_squares(first.factor.T @ second.factor))
    return _apart(first, second) - 2 * float(np.sqrt(squares).sum())


def _squares(product: np.ndarray) -> np.ndarray:
    """Compute the squared singular values, in ascending order."""
    gram = product @ product.T if product.shape[0] <= product.shape[1] else product.T @ product
    return np.linalg.eigvalsh(gram)


def _apart(first: Gaussian, second: Gaussian) -> float:
    """Compute the squared distance of the means and both traces."""
    shift = first.mean - second.mean
    return float(shift @ shift + (first.factor**2).sum() + (second.factor**2).sum())


def transport_maps(first: Gaussian, second: Gaussian) -> tuple[np.ndarray, np.ndarray]:
    """Compute the matrices of the optimal maps from the first to the second and back ``[dim, dim]``.

    Directions in which one of the covariances is singular are mapped to 0.
    """
    product = first.factor.T @ second.factor  # [rank, rank']
    if product.shape[0] < product.shape[1]:
        return transport_maps(second, first)[::-1]
    squares, right = np.linalg.eigh(product.T @ product)
    kept = positive_part(squares) > 0
    right, root = right[:, kept], np.sqrt(np.sqrt(squares[kept]))  # root of the singular values
    there = second.factor @ right / root  # [dim, rank]
    back = first.factor @ (product @ (right / root**3))
    return there @ there.T, back @ back.T


def influences(
    rows: np.ndarray, here: Gaussian, other: Gaussian, transport: np.ndarray, block_dtype: type = np.float32
) -> np.ndarray:
    r"""Compute the influence of each row on the distance ``[row]``, less its mean.

    .. math:: \phi(x) = 2 (m - m')^T (x - m) + (x - m)^T (I - T) (x - m)

    The quadratic forms are taken in float32 of rows centred in float64: they go into errors only.

    Args:
        rows: Rows of the sample ``[row, dim]``.
        here: Its Gaussian.
        other: That of the other sample.
        transport: Matrix T of the optimal map from here to the other ``[dim, dim]``.
        block_dtype: Type of the products.
    """
    matrix = (np.eye(len(transport)) - transport).astype(block_dtype)
    slope = (2 * (here.mean - other.mean)).astype(block_dtype)
    parts = [
        np.einsum("ij,ij->i", block @ matrix + slope, block).astype(np.float64)
        for block in centred_blocks(rows, here.mean, block_dtype)
    ]
    found = np.concatenate(parts)
    return found - found.mean()


def gaussian_influence_variance(here: Gaussian, other: Gaussian, transport: np.ndarray) -> float:
    """Compute the variance of the influence of a row if rows are Gaussian."""
    slope = here.factor.T @ (2 * (here.mean - other.mean))
    curve = here.factor.T @ (here.factor - transport @ here.factor)
    return float(slope @ slope + 2 * (curve**2).sum())
