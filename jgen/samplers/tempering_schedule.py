"""What a population is asked on its way down a path: which temperature comes next, and how far it spreads."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.scipy.special import logsumexp

from jgen.samplers.annealing_path import scaled
from jgen.types import Array, PyTree

Metric = Callable[[Array, Array], Array]
"""``metric(positions [particle, dim], share [particle]) -> inverse mass matrix``, variances or dense."""


def fixed_schedule(betas: Array, index: Array, beta: Array, log_weight: Array, ratio: Array) -> Array:
    """The next temperature of a ladder ``[]``."""
    del beta, log_weight, ratio
    return betas[index + 1]


def adaptive_schedule(
    ess_fraction: Array, index: Array, beta: Array, log_weight: Array, ratio: Array
) -> Array:
    """The temperature at which the conditional ESS has fallen to a fraction, by bisection; at most 1 ``[]``.

    The log of the conditional ESS is 2 K(rise) - K(2 rise) with K convex: it falls. Particles without density
    at the target die at the least rise, so there is always one.
    """
    del index

    def is_enough(rise: Array) -> Array:
        once, twice = (logsumexp(log_weight + scaled(times * rise, ratio)) for times in (1, 2))
        return 2 * once - twice - logsumexp(log_weight) > jnp.log(ess_fraction)

    def halve(_: Array, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = (low + high) / 2
        enough = is_enough(middle)
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

    whole = 1 - beta
    _, rise = jax.lax.fori_loop(0, 40, halve, (jnp.zeros_like(whole), whole))
    return jnp.where(is_enough(whole), 1.0, beta + rise)


def particle_metric(metric: Metric, position: PyTree, log_weight: Array) -> Array:
    """What a metric says of weighted particles."""
    flat = jax.vmap(lambda one: ravel_pytree(one)[0])(position)  # [particle, dim]
    share = jax.nn.softmax(log_weight)  # [particle]
    return metric(flat, jnp.where(jnp.isnan(share), 1 / share.size, share))  # where all weigh nothing


def diagonal_metric(positions: Array, share: Array) -> Array:
    """Variances ``[dim]`` of particles ``[particle, dim]`` with shares ``[particle]``; 1 where they agree."""
    variance = share @ (positions - (share @ positions)[None]) ** 2  # [dim]
    return jnp.where(variance > 0, variance, 1.0)


def dense_metric(positions: Array, share: Array) -> Array:
    """Their covariance ``[dim, dim]``, its correlations shrunk by N / (N + dim): that has an inverse."""
    size, dim = positions.shape
    offset = positions - (share @ positions)[None]  # [particle, dim]
    covariance = jnp.einsum("n,ni,nj->ij", share, offset, offset)  # [dim, dim]
    kept = size / (size + dim)
    return kept * covariance + (1 - kept) * jnp.diag(diagonal_metric(positions, share))
