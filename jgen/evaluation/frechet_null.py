r"""Compute what the Frechet distance reads for two samples of one Gaussian: its bias and its variance.

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


def null_variance(eigenvalues: np.ndarray) -> float:
    r"""Compute the variance of the distance of two samples of one Gaussian, over :math:`(1/n + 1/m)^2`.

    .. math:: 2 tr S^2 + \sum_{ij} \left(\frac{l_i l_j}{l_i + l_j}\right)^2 + \tfrac 1 4 tr S^2

    Example:
        >>> null_variance(np.ones(2))
        5.5
    """
    return float(2.25 * (eigenvalues**2).sum() + (_harmonic(eigenvalues) ** 2).sum())


def null_variance_of_rows(centred: np.ndarray, eigenvalues: np.ndarray, vectors: np.ndarray) -> float:
    r"""Compute the variance factor for rows of any distribution, from all pairs of some rows.

    To second order the distance is the squared length of a mean, so the factor is :math:`2 E h(x, x')^2` of
    independent rows, with :math:`u = z \circ z'` in the basis of the eigenvectors and

    .. math:: h = z \cdot z' + \tfrac 1 2 \sum_{ab} \frac{u_a u_b}{l_a + l_b}
        - \tfrac 1 4 (|z|^2 + |z'|^2 - tr S)

    Args:
        centred: Rows less the mean of all ``[row, dim]``.
        eigenvalues: Those of the covariance ``[dim]``.
        vectors: Its eigenvectors ``[dim, dim]``.

    Returns:
        What ``null_variance`` returns for Gaussian rows, with the error of so many pairs.
    """
    positive = eigenvalues > 0
    eigenvalues, rows = eigenvalues[positive], centred @ vectors[:, positive]
    first, second = np.triu_indices(len(rows), 1)
    products = rows[first] * rows[second]  # [pair, dim]
    lengths = (rows**2).sum(1)
    inverse = 1 / np.add.outer(eigenvalues, eigenvalues)
    kernel = products.sum(1) + np.einsum("ij,ij->i", products @ inverse, products) / 2
    kernel -= (lengths[first] + lengths[second] - eigenvalues.sum()) / 4
    return float(2 * (kernel**2).mean())


def _harmonic(eigenvalues: np.ndarray) -> np.ndarray:
    """Compute l_i l_j / (l_i + l_j), and 0 where both are ``[dim, dim]``."""
    positive = eigenvalues[eigenvalues > 0]
    return np.multiply.outer(positive, positive) / np.add.outer(positive, positive)


def _shares(n: int, m: int) -> float:
    return 1 / (n - 1) + 1 / (m - 1)
