"""Choose the next temperature, and estimate the covariance, from weighted particles."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jgen.samplers.annealing_path import log_increment
from jgen.samplers.state import flatten_particles
from jgen.types import Array, PyTree

CovarianceEstimator = Callable[[Array, Array], Array]
"""``estimate(positions [particle, dim], weights [particle]) -> inverse mass matrix``, variances or dense."""


def fixed_schedule(betas: Array, index: Array, beta: Array, log_weight: Array, ratio: Array) -> Array:
    """Return the next of the given temperatures ``[]``."""
    del beta, log_weight, ratio
    return betas[index + 1]


def adaptive_schedule(
    ess_fraction: Array, index: Array, beta: Array, log_weight: Array, ratio: Array
) -> Array:
    """Find the temperature at which the conditional ESS is a fraction of N, by bisection; at most 1 ``[]``.

    The log of the conditional ESS is 2 K(rise) - K(2 rise) with K convex: it decreases. Particles without
    density at the target have weight zero at the smallest rise, so there is always a solution.
    """
    del index

    def is_enough(rise: Array) -> Array:
        once, twice = (logsumexp(log_weight + log_increment(times * rise, ratio)) for times in (1, 2))
        return 2 * once - twice - logsumexp(log_weight) > jnp.log(ess_fraction)

    def halve(_: Array, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = (low + high) / 2
        enough = is_enough(middle)
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

    whole = 1 - beta
    _, rise = jax.lax.fori_loop(0, 40, halve, (jnp.zeros_like(whole), whole))
    return jnp.where(is_enough(whole), 1.0, beta + rise)


def particle_covariance(estimate: CovarianceEstimator, position: PyTree, log_weight: Array) -> Array:
    """Estimate the covariance of weighted particles; with equal weights where all are zero."""
    weight = jax.nn.softmax(log_weight)  # [particle]
    return estimate(flatten_particles(position), jnp.where(jnp.isnan(weight), 1 / weight.size, weight))


def diagonal_covariance(positions: Array, weight: Array) -> Array:
    """Estimate variances ``[dim]`` of weighted particles ``[particle, dim]``; 1 if all are equal."""
    variance = weight @ (positions - (weight @ positions)[None]) ** 2  # [dim]
    return jnp.where(variance > 0, variance, 1.0)


def dense_covariance(positions: Array, weight: Array) -> Array:
    """Estimate the covariance ``[dim, dim]``, with correlations shrunk by N / (N + dim) to be invertible."""
    size, dim = positions.shape
    offset = positions - (weight @ positions)[None]  # [particle, dim]
    covariance = jnp.einsum("n,ni,nj->ij", weight, offset, offset)  # [dim, dim]
    shrinkage = size / (size + dim)
    return shrinkage * covariance + (1 - shrinkage) * jnp.diag(diagonal_covariance(positions, weight))
