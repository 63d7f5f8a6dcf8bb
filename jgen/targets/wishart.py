"""A random covariance matrix, in the coordinates of its Cholesky factor."""

from math import exp, lgamma, log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.tree_util import Partial

from jgen.targets.special_functions import digamma, log_gamma_moments
from jgen.types import Array, Key, Target

CORRELATION = 0.5


def wishart(dim: int = 3, dof: float = 7.0) -> Target:
    r"""W ~ Wishart(V, nu) with V_ij = 2^{-|i - j|}, in the logs of the diagonal of C and its lower part.

    .. math:: W = C C', \qquad \log p = \tfrac{\nu - d - 1}{2} \log |W| - \tfrac12 tr(V^{-1} W) - \log norm
        + \underbrace{d \log 2 + \sum_i (d - i + 2) \log C_{ii}}_{\log |dW / d(\log C_{ii}, C_{ij})|}

    By Bartlett's decomposition C = L A, V = L L', with A lower triangular, A_ii^2 chi-square of
    nu - i + 1 degrees of freedom and A_ij normal, all independent: so come the draws, the mean and the
    variance. E W = nu V and E log |W| = sum psi((nu - i + 1)/2) + d log 2 + log |V|.

    Args:
        dim: Rows of W, at least 1.
        dof: nu, above dim - 1.

    Returns:
        The target; its position is an array ``[dim (dim + 1) / 2]``: log C_ii, then C_ij, i > j, row by row.
        log Z = 0.

    Raises:
        ValueError: ``dim`` is below 1, or ``dof`` not above dim - 1.

    Example:
        >>> function, truth = wishart(dim=2, dof=4.0).expectations["W"]
        >>> print(truth)
        [[4. 2.]
         [2. 4.]]

    Reference:
        Bartlett, "On the theory of statistical regression", Proceedings of the Royal Society of Edinburgh
        53, 1933.
    """
    if dim < 1:
        raise ValueError(f"wishart needs dim >= 1, got dim={dim}: give at least one row.")
    if not dim - 1 < dof < float("inf"):
        raise ValueError(f"wishart needs dof > dim - 1 = {dim - 1}, got dof={dof}.")
    scale = CORRELATION ** np.abs(np.subtract.outer(np.arange(dim), np.arange(dim)))  # [row, column]
    lower = np.linalg.cholesky(scale)
    chi = (dof - np.arange(dim)) / 2  # [row], half the degrees of freedom
    log_mean, log_variance = log_gamma_moments(chi)
    chi_mean = np.array([2**0.5 * exp(lgamma(a + 0.5) - lgamma(a)) for a in chi])  # [row], E A_ii
    rows, columns = np.tril_indices(dim, -1)
    tails = np.array([(lower[i, j + 1 : i + 1] ** 2).sum() for i, j in zip(rows, columns, strict=True)])
    off_variance = lower[rows, columns] ** 2 * (2 * chi - chi_mean**2)[columns] + tails
    log_norm = (
        dof * dim / 2 * log(2) + dim * (dim - 1) / 4 * log(pi) + sum(map(lgamma, chi))
        + dof * np.log(np.diag(lower)).sum()
    )  # fmt: skip
    log_det = sum(map(digamma, chi)) + dim * log(2) + 2 * np.log(np.diag(lower)).sum()
    diagonal = np.log(np.diag(lower)) + (log_mean + log(2)) / 2
    return Target(
        log_density=Partial(log_density, jnp.asarray(lower), dof, float(log_norm)),
        start=jnp.asarray(np.zeros(dim + len(rows))),
        sample=Partial(sample, jnp.asarray(lower), jnp.asarray(chi)),
        mean=jnp.asarray(np.concatenate([diagonal, (lower[rows, columns] * chi_mean[columns])])),
        variance=jnp.asarray(np.concatenate([log_variance / 4, off_variance])),
        log_evidence=0.0,
        expectations={
            "W": (Partial(matrix, jnp.asarray(lower)), jnp.asarray(dof * scale)),
            "log |W|": (Partial(log_determinant, jnp.asarray(lower)), float(log_det)),
        },
        name="wishart",
        source="Bartlett 1933; closed form",
    )


def factor(lower: Array, position: Array) -> Array:
    """C ``[dim, dim]``."""
    dim = len(lower)
    return jnp.diag(jnp.exp(position[:dim])).at[jnp.tril_indices(dim, -1)].set(position[dim:])


def matrix(lower: Array, position: Array) -> Array:
    """W ``[dim, dim]``."""
    c = factor(lower, position)
    return jnp.matmul(c, c.T, precision="highest")


def log_determinant(lower: Array, position: Array) -> Array:
    """The log-determinant of W."""
    return 2 * position[: len(lower)].sum()


def log_density(lower: Array, dof: float, log_norm: float, position: Array) -> Array:
    """The normalised log-density of ``position [dim (dim + 1) / 2]``, log-Jacobian included."""
    dim = len(lower)
    white = solve_triangular(lower, factor(lower, position), lower=True)  # tr(V^-1 W) is its square
    log_wishart = (dof - dim - 1) / 2 * log_determinant(lower, position) - jnp.square(white).sum() / 2
    log_jacobian = dim * log(2) + (dim + 1 - jnp.arange(dim)) @ position[:dim]
    return log_wishart - log_norm + log_jacobian


def sample(lower: Array, chi: Array, key: Key) -> Array:
    """One exact draw, by Bartlett's decomposition."""
    dim = len(lower)
    chi_key, normal_key = jax.random.split(key)
    diagonal = (jax.random.loggamma(chi_key, chi) + log(2)) / 2  # [dim], log A_ii
    below = jnp.tril(jax.random.normal(normal_key, (dim, dim), lower.dtype), -1)
    c = jnp.matmul(lower, below + jnp.diag(jnp.exp(diagonal)), precision="highest")
    return jnp.concatenate([jnp.log(jnp.diag(lower)) + diagonal, c[jnp.tril_indices(dim, -1)]])
