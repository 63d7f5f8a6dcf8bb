"""The full covariance of draws that are not stored."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.sampling.reducers.compensated_sums import Compensated, flat_draws, zeros
from jgen.types import Array, Draws, Reducer


class Covariance(NamedTuple):
    """What ``covariance`` computes; coordinates in the order of ``jax.flatten_util.ravel_pytree``.

    Attributes:
        mean: ``[dim]``.
        covariance: ``[dim, dim]``; unbiased for equal weights.
        ess: Kish's effective number of draws, (sum w)^2 / sum w^2; their number where unweighted.
    """

    mean: Array
    covariance: Array
    ess: Array


class CovarianceMemory(NamedTuple):
    """What ``covariance`` carries, for all chains together; weights are relative to the largest so far.

    Attributes:
        log_scale: Largest log-weight so far ``[]``.
        weight: Sum of weights ``[]``.
        square: Sum of squared weights ``[]``.
        origin: A draw that all others are held relative to ``[dim]``.
        mean: Weighted mean ``[dim]``.
        scatter: Weighted sum of products about it ``[dim, dim]``.
    """

    log_scale: Array
    weight: Compensated
    square: Compensated
    origin: Array
    mean: Compensated
    scatter: Compensated


def _init(draws: Draws) -> CovarianceMemory:
    dim = flat_draws(draws)[0].shape[1]
    return CovarianceMemory(
        jnp.full((), -jnp.inf), zeros(()), zeros(()), jnp.zeros(dim), zeros((dim,)), zeros((dim, dim))
    )


def _update(memory: CovarianceMemory, draws: Draws) -> CovarianceMemory:
    value, log_weight = flat_draws(draws)  # [chain, dim], [chain]
    log_scale = jnp.maximum(memory.log_scale, log_weight.max())
    shift = jnp.where(log_scale == -jnp.inf, 0.0, log_scale)
    fade, weight = jnp.exp(memory.log_scale - shift), jnp.exp(log_weight - shift)  # [], [chain]
    before, added = memory.weight.times(fade), weight.sum()
    total = before.plus(added)
    share = jnp.where(added == 0, 0.0, added / total.value)  # of this step in all

    counts = (weight != 0)[:, None]
    first = jnp.where(jnp.isfinite(value[0]), value[0], 0.0)
    origin = jnp.where(memory.weight.value == 0, first, memory.origin)  # [dim]
    offset = (value - origin[None] - memory.mean.high[None]) - memory.mean.low[None]
    offset = jnp.where(counts, offset, 0.0)  # [chain, dim]; draws of weight zero may be NaN
    step = weight @ offset / jnp.where(added == 0, 1.0, added)  # [dim], from the old mean to these draws'
    spread = jnp.where(counts, offset - step[None], 0.0)
    products = jnp.matmul((weight[:, None] * spread).T, spread, precision="highest")
    products = products + share * before.value * step[:, None] * step[None]
    return CovarianceMemory(
        log_scale=log_scale,
        weight=total,
        square=memory.square.times(fade**2).plus((weight**2).sum()),
        origin=origin,
        mean=memory.mean.plus(share * step),
        scatter=memory.scatter.times(fade).plus(products),
    )


def _compute(memory: CovarianceMemory) -> Covariance:
    weight, square = memory.weight.value, memory.square.value
    return Covariance(
        memory.origin + memory.mean.value,
        memory.scatter.value / (weight - square / weight),
        weight**2 / square,
    )


def covariance() -> Reducer:
    r"""Mean and full covariance of the ravelled draws, in memory of dim^2 numbers, whatever the chains.

    Each step of the population is one batch, of weight w and mean b, whose products come from one
    matrix multiplication; batches are merged as Chan, Golub and LeVeque merge them,

    .. math:: W' = W + w, \quad \mu' = \mu + \tfrac{w}{W'} (b - \mu), \quad
              S' = S + S_b + \tfrac{W w}{W'} (b - \mu)(b - \mu)'

    in sums of two floats, so that ten million float32 draws do not drift. Log-weights, where the draws have
    them, are honoured: self-normalised averages, rescaled whenever a larger weight arrives. NaN draws make
    their row and column NaN; draws of weight zero do not count.

    Returns:
        A ``Reducer`` whose ``compute`` gives ``Covariance``.

    Example:
        >>> import jax.numpy as jnp
        >>> from jgen.types import Draws, DrawKind
        >>> fold = covariance()
        >>> draws = Draws(jnp.array([[1.0, 2.0], [3.0, 6.0]]), {}, None, DrawKind.MARKOV)  # two chains
        >>> print(fold.compute(fold.update(fold.init(draws), draws)).covariance)
        [[2. 4.]
         [4. 8.]]

    Reference:
        Chan, Golub and LeVeque (1983), Algorithms for computing the sample variance, The American
        Statistician 37(3).
    """
    return Reducer(Partial(_init), Partial(_update), Partial(_compute))
