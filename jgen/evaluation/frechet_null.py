r"""Compute what the Frechet distance reads for two samples of one Gaussian: its bias and its spread.

To second order in the difference E of the two covariances, in the basis where S is diagonal,

.. math:: F \approx |m_1 - m_2|^2 + \tfrac 1 2 \sum_{ij} E_{ij}^2 / (l_i + l_j)

whose mean and variance follow from those of Wishart matrices.
"""

import numpy as np


def bias(eigenvalues: np.ndarray, n: int, m: int) -> float:
    r"""Compute the expected distance of two samples of one Gaussian, to first order in 1/n and 1/m.

    .. math:: tr S \left(\tfrac 1 n + \tfrac 1 m\right) + \tfrac 1 2 \left(\tfrac 1 {n - 1} +
        \tfrac 1 {m - 1}\right) \left[\sum_{ij} \frac{l_i l_j}{l_i + l_j} + \tfrac 1 2 \sum_i l_i\right]

    Args:
        eigenvalues: Those of the covariance, l ``[dim]``.
        n: Rows of one sample.
        m: Rows of the other.

    Example:
        >>> round(bias(np.ones(64), 1000, 1000), 4)
        2.2101
    """
    trace = eigenvalues.sum()
    return float(trace * (1 / n + 1 / m) + (_harmonic(eigenvalues).sum() + trace / 2) * _shares(n, m) / 2)


def spread(eigenvalues: np.ndarray) -> float:
    r"""Compute the variance of the distance of two samples of one Gaussian, over :math:`(1/n + 1/m)^2`.

    .. math:: 2 tr S^2 + \sum_{ij} \left(\frac{l_i l_j}{l_i + l_j}\right)^2 + \tfrac 1 4 tr S^2

    Example:
        >>> spread(np.ones(2))
        5.5
    """
    return float(2.25 * (eigenvalues**2).sum() + (_harmonic(eigenvalues) ** 2).sum())


def _harmonic(eigenvalues: np.ndarray) -> np.ndarray:
    """Compute l_i l_j / (l_i + l_j), and 0 where both are ``[dim, dim]``."""
    positive = eigenvalues[eigenvalues > 0]
    return np.multiply.outer(positive, positive) / np.add.outer(positive, positive)


def _shares(n: int, m: int) -> float:
    return 1 / (n - 1) + 1 / (m - 1)
