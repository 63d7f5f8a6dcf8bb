"""Define a Wishart distribution in the coordinates of its Cholesky factor."""

from math import inf, log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.tree_util import Partial
from scipy.special import digamma, gammaln, polygamma

from jgen.targets.parts import check_options, make_target
from jgen.types import Array, Key, Target

CORRELATION = 0.5


def wishart(dim: int = 3, dof: float = 7.0) -> Target:
    r"""Make W ~ Wishart(V, nu) with V_ij = 2^{-|i - j|}, in the logs of the diagonal of C and its lower part.

    .. math:: W = C C', \qquad \log p = \tfrac{\nu - d - 1}{2} \log |W| - \tfrac12 tr(V^{-1} W) - \log norm
        + \underbrace{d \log 2 + \sum_i (d - i + 2) \log C_{ii}}_{\log |dW / d(\log C_{ii}, C_{ij})|}

    By Bartlett's decomposition C = L A, V = L L', with A lower triangular, A_ii^2 chi-square of
    nu - i + 1 degrees of freedom and A_ij normal, all independent, which gives the draws, the mean and the
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
    fulfilled = dim >= 1 and dim - 1 < dof < inf
    check_options("wishart", "dim >= 1, the rows, and dof > dim - 1", fulfilled, dim=dim, dof=dof)
    scale = CORRELATION ** np.abs(np.subtract.outer(np.arange(dim), np.arange(dim)))  # [row, column]
    lower = np.linalg.cholesky(scale)
    chi = (dof - np.arange(dim)) / 2  # [row], half the degrees of freedom
    chi_mean = 2**0.5 * np.exp(gammaln(chi + 0.5) - gammaln(chi))  # [row], E A_ii
    rows, columns = np.tril_indices(dim, -1)
    tails = np.array([(lower[i, j + 1 : i + 1] ** 2).sum() for i, j in zip(rows, columns, strict=True)])
    off_variance = lower[rows, columns] ** 2 * (2 * chi - chi_mean**2)[columns] + tails
    log_diagonal = np.log(np.diag(lower))
    log_norm = dof * (dim / 2 * log(2) + log_diagonal.sum()) + dim * (dim - 1) / 4 * log(pi)
    mean_log = (digamma(chi) + log(2)) / 2  # [row], E log A_ii
    return make_target(
        log_density=Partial(log_density, lower, dof, log_norm + gammaln(chi).sum()),
        start=np.zeros(dim + len(rows)),
        sample=Partial(sample, lower, chi),
        mean=np.concatenate([log_diagonal + mean_log, lower[rows, columns] * chi_mean[columns]]),
        variance=np.concatenate([polygamma(1, chi) / 4, off_variance]),
        log_evidence=0.0,
        expectations={
            "W": (Partial(matrix, lower), dof * scale),
            "log |W|": (Partial(log_determinant, lower), 2 * (log_diagonal + mean_log).sum()),
        },
        source="Bartlett 1933; closed form",
    )


def factor(lower: Array, position: Array) -> Array:
    """Return C ``[dim, dim]``."""
    dim = len(lower)
    return jnp.diag(jnp.exp(position[:dim])).at[jnp.tril_indices(dim, -1)].set(position[dim:])


def matrix(lower: Array, position: Array) -> Array:
    """Return W ``[dim, dim]``."""
    c = factor(lower, position)
    return jnp.matmul(c, c.T, precision="highest")


def log_determinant(lower: Array, position: Array) -> Array:
    """Return the log-determinant of W."""
    return 2 * position[: len(lower)].sum()


def log_density(lower: Array, dof: float, log_norm: float, position: Array) -> Array:
    """Evaluate the normalised log-density of ``position [dim (dim + 1) / 2]``, log-Jacobian included."""
    dim = len(lower)
    white = solve_triangular(lower, factor(lower, position), lower=True)  # tr(V^-1 W) is its square
    log_wishart = (dof - dim - 1) / 2 * log_determinant(lower, position) - jnp.square(white).sum() / 2
    log_jacobian = dim * log(2) + (dim + 1 - jnp.arange(dim)) @ position[:dim]
    return log_wishart - log_norm + log_jacobian


def sample(lower: Array, chi: Array, key: Key) -> Array:
    """Draw one exact sample, by Bartlett's decomposition."""
    dim = len(lower)
    chi_key, normal_key = jax.random.split(key)
    diagonal = (jax.random.loggamma(chi_key, chi) + log(2)) / 2  # [dim], log A_ii
    below = jnp.tril(jax.random.normal(normal_key, (dim, dim), lower.dtype), -1)
    c = jnp.matmul(lower, below + jnp.diag(jnp.exp(diagonal)), precision="highest")
    return jnp.concatenate([jnp.log(jnp.diag(lower)) + diagonal, c[jnp.tril_indices(dim, -1)]])
