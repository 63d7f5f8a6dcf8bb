"""Compute mean and variance of draws that are not stored."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.particles import merge_particles
from jgen._internal.units import representable
from jgen.sampling.reducers.compensated_sums import (
    Compensated,
    as_stored,
    difference,
    expand_like,
    no_scatter,
    pool,
    products_of_pairs,
    welford,
    zeros,
)
from jgen.types import Array, Draws, PyTree, Reducer


class Moments(NamedTuple):
    """Result of ``moments``.

    Attributes:
        mean: Like one draw's value, in floats.
        variance: Likewise; unbiased for equal weights. NaN where it is too small for its type.
        ess: Kish's effective number of draws, (sum w)^2 / sum w^2; their number where unweighted. Particles
            of a population count as draws here, though they depend on each other.
    """

    mean: PyTree
    variance: PyTree
    ess: Array


class MomentsState(NamedTuple):
    """State of ``moments``; weights are relative to the largest so far.

    Attributes:
        log_scale: Largest log-weight so far ``[chain]``.
        weight: Sum of weights ``[chain]``.
        square: Sum of squared weights ``[chain]``.
        pairs: Sum of the products of all pairs of weights ``[chain]``.
        origin: Like the value, the first draw of positive weight ``[chain, *event]``.
        mean: Mean relative to it, a ``Compensated`` ``[chain, *event]`` at each leaf.
        scatter: Weighted sum of squares about the mean, a ``Scatter`` likewise.
    """

    log_scale: Array
    weight: Compensated
    square: Compensated
    pairs: Compensated
    origin: PyTree
    mean: PyTree
    scatter: PyTree


def _init(draws: Draws) -> MomentsState:
    draws = merge_particles(draws, 0)
    num_chains = jax.tree.leaves(draws.value)[0].shape[0]
    mean = jax.tree.map(lambda leaf: zeros(leaf.shape), draws.value)
    scatter = jax.tree.map(lambda leaf: no_scatter(leaf.shape), draws.value)
    log_scale = jnp.full(num_chains, -jnp.inf, float)  # [chain]
    none = zeros((num_chains,))
    origin = jax.tree.map(lambda leaf: jnp.zeros_like(as_stored(leaf)), draws.value)
    return MomentsState(log_scale, none, none, none, origin, mean, scatter)


def _update(state: MomentsState, draws: Draws) -> MomentsState:
    draws = merge_particles(draws, 0)
    log_weight = draws.log_weight
    log_weight = jnp.zeros_like(state.log_scale) if log_weight is None else log_weight  # [chain]
    log_scale = jnp.maximum(state.log_scale, log_weight)  # [chain]
    shift = jnp.where(log_scale == -jnp.inf, 0.0, log_scale)  # [chain]
    fade, weight = jnp.exp(state.log_scale - shift), jnp.exp(log_weight - shift)  # [chain]
    before = state.weight.times(fade)
    total = before.add(weight)
    square = state.square.times(fade**2).add(weight**2)
    pairs = state.pairs.times(fade**2).add(before.value * weight)
    is_first = before.value == 0  # [chain]

    def fold(value, origin, mean, scatter):
        value = as_stored(jnp.asarray(value))  # [chain, *event]
        first = jnp.where(jnp.isfinite(value), value, 0)
        origin = jnp.where(expand_like(is_first, value), first, origin)
        scatter = scatter.times(expand_like(fade, value))
        return origin, *welford(mean, scatter, difference(value, origin), weight, before.value)

    folded = jax.tree.map(fold, draws.value, state.origin, state.mean, state.scatter)
    origin, mean, scatter = (
        jax.tree.map(lambda _, parts, place=place: parts[place], draws.value, folded) for place in range(3)
    )
    return MomentsState(log_scale, total, square, pairs, origin, mean, scatter)


def _compute(state: MomentsState) -> Moments:
    top = state.log_scale.max()
    relative = jnp.exp(state.log_scale - jnp.where(top == -jnp.inf, 0.0, top))  # [chain]
    total = state.weight.value * relative  # [chain]
    weight, square = total.sum(), (state.square.value * relative**2).sum()
    twice_pairs = 2 * ((state.pairs.value * relative**2).sum() + products_of_pairs(total))  # W^2 - sum w^2

    def merge(_, origin, mean, scatter):
        scatter = scatter.times(expand_like(relative, scatter.unit))
        mean, scatter, unit = pool(mean.value + difference(origin, origin[:1]), scatter, total)
        return origin[0].astype(float) + mean, representable(scatter * (weight / twice_pairs), unit, unit)

    like = jax.tree.map(jnp.size, state.origin)
    pooled = jax.tree.map(merge, like, state.origin, state.mean, state.scatter)
    mean, variance = (
        jax.tree.map(lambda _, pair, place=place: pair[place], like, pooled) for place in range(2)
    )
    return Moments(mean, variance, weight**2 / square)


def moments() -> Reducer:
    r"""Compute mean and variance of every coordinate, in memory that does not grow with the draws.

    Each chain has its own mean and sum of squares (Welford), as sums of two floats, so that ten million
    float32 draws do not drift; chains are merged at the end. Log-weights, where the draws have them, give
    self-normalised averages, rescaled whenever a larger weight arrives.

    .. math:: \hat\mu = \frac{\sum w x}{W}, \qquad
              \hat\sigma^2 = \frac{\sum w (x - \hat\mu)^2}{W - \sum w^2 / W}, \qquad W = \sum w

    (for equal weights the divisor is n - 1). NaN draws make the moments of their coordinate NaN, a NaN weight
    all of them; draws of weight zero do not count.

    Returns:
        A ``Reducer`` whose ``compute`` gives ``Moments``.

    Example:
        >>> import jax.numpy as jnp
        >>> from jgen.types import Draws, DrawKind
        >>> fold = moments()
        >>> draws = [Draws(jnp.array([[x]]), {}, None, DrawKind.MARKOV) for x in (1.0, 2.0, 6.0)]
        >>> state = fold.init(draws[0])
        >>> for one in draws:
        ...     state = fold.update(state, one)
        >>> print(fold.compute(state).mean, fold.compute(state).variance)
        [3.] [7.]

    Reference:
        Welford (1962), Technometrics 4(3); Chan, Golub and LeVeque (1983), The American Statistician 37(3).
    """
    return Reducer(Partial(_init), Partial(_update), Partial(_compute))
