"""A Gaussian whose scales differ by orders of magnitude, turned so that no diagonal matrix helps."""

from math import pi

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.targets.bindable import gaussian_sample, power, widening
from jgen.types import Array, Target


def ill_conditioned_gaussian(dim: int = 100, condition: float = 1e3) -> Target:
    r"""N(0, Q diag(L) Q'), unnormalised, with L log-spaced from 1 to ``condition``.

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
    if dim < 1:
        raise ValueError(
            f"ill_conditioned_gaussian needs dim >= 1, got dim={dim}: give at least one coordinate."
        )
    if not 1 <= condition < float("inf"):
        raise ValueError(
            f"ill_conditioned_gaussian needs 1 <= condition < inf, got condition={condition}: "
            "it is the largest variance over the smallest."
        )
    variances = np.geomspace(1.0, condition, dim)  # [dim]
    rotation = cosine_transform(dim)  # [coordinate, scale]
    factor = rotation * np.sqrt(variances)  # [coordinate, scale], factor @ factor.T = covariance
    upper = np.linalg.qr(factor.T, mode="r")  # covariance = upper.T @ upper
    scale_tril = (upper * np.sign(np.diag(upper))[:, None]).T
    variance = jnp.asarray(np.square(factor).sum(1))  # [dim]
    log_evidence = float(np.log(2 * pi * variances).sum() / 2)
    return Target(
        log_density=Partial(log_density, jnp.asarray((rotation / np.sqrt(variances)).T)),
        start=jnp.ones(dim),
        sample=Partial(gaussian_sample, jnp.zeros(dim), jnp.asarray(factor)),
        mean=jnp.zeros(dim),
        variance=variance,
        log_evidence=log_evidence,
        expectations={"x^4": (Partial(power, 4), 3 * variance**2)},
        proposal=MultivariateNormal(jnp.zeros(dim), scale_tril=jnp.asarray(widening(dim) * scale_tril)),
        log_bound=log_evidence + 1,
        name="ill_conditioned_gaussian",
        source="closed form",
    )


def cosine_transform(dim: int) -> np.ndarray:
    """The orthonormal DCT-II matrix ``[coordinate, frequency]`` in float64; its columns are orthonormal."""
    frequency, coordinate = np.arange(dim), np.arange(dim)[:, None]
    basis = np.sqrt(2 / dim) * np.cos(pi * (2 * coordinate + 1) * frequency / (2 * dim))
    basis[:, 0] = np.sqrt(1 / dim)
    return basis


def log_density(whitener: Array, x: Array) -> Array:
    """Minus half the squared length of the whitened ``x [dim]``."""
    u = jnp.matmul(whitener, x, precision="highest")  # [scale]
    return -(u @ u) / 2
