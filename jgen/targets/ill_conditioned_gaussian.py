"""Define a rotated Gaussian whose scales differ by orders of magnitude."""

from math import inf, pi

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.targets.parts import check_options, coordinate_powers, covering_scale, make_target, sample_gaussian
from jgen.types import Array, Target


def ill_conditioned_gaussian(dim: int = 100, condition: float = 1e3) -> Target:
    r"""Make N(0, Q diag(L) Q'), unnormalised, with L log-spaced from 1 to ``condition``.

    .. math:: \log \tilde p(x) = -|L^{-1/2} Q' x|^2 / 2, \qquad \log Z = \tfrac12 \sum_i \log 2\pi L_i

    Q is the orthonormal discrete cosine transform, a fixed rotation that spreads every scale over
    every coordinate: the variances of the coordinates are nearly equal, so a diagonal
    mass matrix cannot undo the conditioning, and the largest stable step is 2, the smallest scale's.

    The proposal is N(0, s^2 Q diag(L) Q') with s^dim = e, so ``log_bound = log Z + 1``.

    Args:
        dim: Number of coordinates, at least 1.
        condition: Largest variance over smallest, at least 1.

    Returns:
        The target; its position is an array ``[dim]``.

    Raises:
        ValueError: ``dim`` or ``condition`` is below 1, or ``condition`` is not finite.

    Example:
        >>> target = ill_conditioned_gaussian(dim=3, condition=100.0)
        >>> round(float(target.variance.sum()), 3)
        111.0

    Reference:
        Closed form. The matrix is the DCT-II of Ahmed, Natarajan and Rao (1974).
    """
    needs = "dim >= 1 and 1 <= condition < inf, the largest variance over the smallest"
    fulfilled = dim >= 1 and 1 <= condition < inf
    check_options("ill_conditioned_gaussian", needs, fulfilled, dim=dim, condition=condition)
    variances = np.geomspace(1.0, condition, dim)  # [dim]
    rotation = cosine_transform(dim)  # [coordinate, scale]
    factor = rotation * np.sqrt(variances)  # [coordinate, scale], factor @ factor.T = covariance
    upper = np.linalg.qr(factor.T, mode="r")  # covariance = upper.T @ upper
    scale_tril = (upper * np.sign(np.diag(upper))[:, None]).T
    variance = np.square(factor).sum(1)  # [dim]
    log_evidence = float(np.log(2 * pi * variances).sum() / 2)
    return make_target(
        log_density=Partial(log_density, (rotation / np.sqrt(variances)).T),
        start=np.ones(dim),
        sample=Partial(sample_gaussian, np.zeros(dim), factor),
        mean=np.zeros(dim),
        variance=variance,
        log_evidence=log_evidence,
        expectations={"x^4": (Partial(coordinate_powers, 4), 3 * variance**2)},
        proposal=MultivariateNormal(np.zeros(dim), scale_tril=covering_scale(dim) * scale_tril),
        log_bound=log_evidence + 1,
    )


def cosine_transform(dim: int) -> np.ndarray:
    """Return the orthonormal DCT-II matrix ``[coordinate, frequency]`` in float64."""
    frequency, coordinate = np.arange(dim), np.arange(dim)[:, None]
    basis = np.sqrt(2 / dim) * np.cos(pi * (2 * coordinate + 1) * frequency / (2 * dim))
    basis[:, 0] = np.sqrt(1 / dim)
    return basis


def log_density(whitener: Array, x: Array) -> Array:
    """Return minus half the squared length of the whitened ``x [dim]``."""
    u = jnp.matmul(whitener, x, precision="highest")  # [scale]
    return -(u @ u) / 2
