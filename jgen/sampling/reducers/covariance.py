"""Compute the full covariance of draws that are not stored."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.particles import merge_particles
from jgen._internal.units import representable, unit_of
from jgen.sampling.reducers.compensated_sums import (
    Compensated,
    as_stored,
    difference,
    products_of_pairs,
    zeros,
)
from jgen.types import Array, Draws, Reducer


class Covariance(NamedTuple):
    """Result of ``covariance``; coordinates in the order of ``jax.flatten_util.ravel_pytree``.

    Attributes:
        mean: ``[dim]``.
        covariance: ``[dim, dim]``; unbiased for equal weights. NaN where it is too small for its type.
        ess: Kish's effective number of draws, (sum w)^2 / sum w^2; their number where unweighted.
    """

    mean: Array
    covariance: Array
    ess: Array


class CovarianceState(NamedTuple):
    """State of ``covariance``, for all chains together; weights are relative to the largest so far.

    Attributes:
        log_scale: Largest log-weight so far ``[]``.
        weight: Sum of weights ``[]``.
        square: Sum of squared weights ``[]``.
        pairs: Sum of the products of all pairs of weights ``[]``.
        origin: Draw that all others are stored relative to ``[dim]``.
        mean: Weighted mean ``[dim]``.
        scatter: Weighted sum of products about it, in units of the two coordinates ``[dim, dim]``.
        unit: Powers of two, which grow with the draws ``[dim]``.
    """

    log_scale: Array
    weight: Compensated
    square: Compensated
    pairs: Compensated
    origin: Array
    mean: Compensated
    scatter: Compensated
    unit: Array


def _rows(draws: Draws) -> tuple[Array, Array]:
    """Return the draws of one step as rows: values ``[row, dim]``, log-weights ``[row]``, or zeros.

    A row is a chain, or a particle of a population.
    """
    draws = merge_particles(draws, 0)
    value = as_stored(jax.vmap(lambda value: ravel_pytree(value)[0])(draws.value))  # [row, dim]
    return value, jnp.zeros(len(value)) if draws.log_weight is None else draws.log_weight.astype(float)


def _init(draws: Draws) -> CovarianceState:
    origin = jnp.zeros_like(_rows(draws)[0][0])  # [dim]
    dim, least, none = origin.size, jnp.full((), -jnp.inf, float), zeros(())
    unit = jnp.full(dim, jnp.finfo(float).tiny, float)
    return CovarianceState(least, none, none, none, origin, zeros((dim,)), zeros((dim, dim)), unit)


def _update(state: CovarianceState, draws: Draws) -> CovarianceState:
    value, log_weight = _rows(draws)  # [chain, dim], [chain]
    log_scale = jnp.maximum(state.log_scale, log_weight.max())
    shift = jnp.where(log_scale == -jnp.inf, 0.0, log_scale)
    fade, weight = jnp.exp(state.log_scale - shift), jnp.exp(log_weight - shift)  # [], [chain]
    before, added = state.weight.times(fade), weight.sum()
    total = before.add(added)
    share = jnp.where(added == 0, 0.0, added / total.value)  # of this step in all

    counts = (weight != 0)[:, None]
    first = jnp.where(jnp.isfinite(value[0]), value[0], 0)
    origin = jnp.where(state.weight.value == 0, first, state.origin)  # [dim]
    offset = (difference(value, origin[None]) - state.mean.high[None]) - state.mean.low[None]
    offset = jnp.where(counts, offset, 0.0)  # [chain, dim]; draws of weight zero may be NaN
    step = weight @ offset / jnp.where(added == 0, 1.0, added)  # [dim], from the old mean to these draws'
    unit = jnp.maximum(state.unit, unit_of(offset, 0)[0])
    spread = jnp.where(counts, (offset - step[None]) / unit[None], 0.0)
    products = jnp.matmul((weight[:, None] * spread).T, spread, precision="highest")
    scaled = step / unit  # [dim]
    products = products + share * before.value * scaled[:, None] * scaled[None]
    smaller = state.unit / unit
    fade_products = fade * smaller[:, None] * smaller[None]
    square = state.square.times(fade**2).add((weight**2).sum())
    pairs = state.pairs.times(fade**2).add(products_of_pairs(weight) + before.value * added)
    mean, scatter = state.mean.add(share * step), state.scatter.times(fade_products).add(products)
    return CovarianceState(log_scale, total, square, pairs, origin, mean, scatter, unit)


def _compute(state: CovarianceState) -> Covariance:
    weight, square = state.weight.value, state.square.value
    scatter, mean = state.scatter.value, state.origin.astype(float) + state.mean.value
    scaled = scatter * (weight / (2 * state.pairs.value))
    covariance = representable(scaled, state.unit[:, None], state.unit[None])
    return Covariance(mean, covariance, weight**2 / square)


def covariance() -> Reducer:
    r"""Compute mean and full covariance of the ravelled draws, in dim^2 numbers for any number of chains.

    The draws of one step are one batch, of weight w and mean b, whose products come from one matrix
    multiplication; batches are merged as by Chan, Golub and LeVeque,

    .. math:: W' = W + w, \quad \mu' = \mu + \tfrac{w}{W'} (b - \mu), \quad
              S' = S + S_b + \tfrac{W w}{W'} (b - \mu)(b - \mu)'

    in sums of two floats, so that ten million float32 draws do not drift. Log-weights, where the draws have
    them, give self-normalised averages, rescaled whenever a larger weight arrives. NaN draws make
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
