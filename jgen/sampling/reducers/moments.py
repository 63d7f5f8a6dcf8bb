"""Compute mean and variance of draws that are not stored."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.particles import merge_particles
from jgen._internal.units import representable
from jgen.sampling.reducers.compensated_sums import (
    Compensated,
    Scatter,
    expand_like,
    no_scatter,
    pool,
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
        mean: Like the value, a ``Compensated`` ``[chain, *event]`` at each leaf.
        scatter: Weighted sum of squares about the mean, a ``Scatter`` likewise.
    """

    log_scale: Array
    weight: Compensated
    square: Compensated
    mean: PyTree
    scatter: PyTree


def _init(draws: Draws) -> MomentsState:
    draws = merge_particles(draws, 0)
    num_chains = jax.tree.leaves(draws.value)[0].shape[0]
    mean = jax.tree.map(lambda leaf: zeros(leaf.shape), draws.value)
    scatter = jax.tree.map(lambda leaf: no_scatter(leaf.shape), draws.value)
    log_scale = jnp.full(num_chains, -jnp.inf)  # [chain]
    return MomentsState(log_scale, zeros((num_chains,)), zeros((num_chains,)), mean, scatter)


def _update(state: MomentsState, draws: Draws) -> MomentsState:
    draws = merge_particles(draws, 0)
    log_weight = draws.log_weight
    log_weight = jnp.zeros_like(state.log_scale) if log_weight is None else log_weight  # [chain]
    log_scale = jnp.maximum(state.log_scale, log_weight)  # [chain]
    shift = jnp.where(log_scale == -jnp.inf, 0.0, log_scale)  # [chain]
    fade, weight = jnp.exp(state.log_scale - shift), jnp.exp(log_weight - shift)  # [chain]
    total = state.weight.times(fade).add(weight)
    square = state.square.times(fade**2).add(weight**2)

    def fold(value, mean, scatter):
        value = jnp.asarray(value, dtype=float)  # [chain, *event]
        return welford(mean, scatter.times(expand_like(fade, value)), value, weight, total.value)

    folded = jax.tree.map(fold, draws.value, state.mean, state.scatter)
    mean = jax.tree.map(lambda _, pair: pair[0], draws.value, folded)
    scatter = jax.tree.map(lambda _, pair: pair[1], draws.value, folded)
    return MomentsState(log_scale, total, square, mean, scatter)


def _is_sum(node: PyTree) -> bool:
    return isinstance(node, Compensated | Scatter)


def _compute(state: MomentsState) -> Moments:
    top = state.log_scale.max()
    relative = jnp.exp(state.log_scale - jnp.where(top == -jnp.inf, 0.0, top))  # [chain]
    total = state.weight.value * relative  # [chain]
    weight, square = total.sum(), (state.square.value * relative**2).sum()

    def merge(mean, scatter):
        scatter = scatter.times(expand_like(relative, scatter.unit))
        mean, scatter, unit = pool(mean.value, scatter, total)
        return mean, representable(scatter / (weight - square / weight), unit, unit)

    pooled = jax.tree.map(merge, state.mean, state.scatter, is_leaf=_is_sum)
    mean = jax.tree.map(lambda _, pair: pair[0], state.mean, pooled, is_leaf=_is_sum)
    variance = jax.tree.map(lambda _, pair: pair[1], state.mean, pooled, is_leaf=_is_sum)
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
