"""Mean and variance of draws that are not stored."""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.sampling.reducers.compensated_sums import Compensated, align, pool, welford, zeros
from jgen.types import Array, DrawKind, Draws, PyTree, Reducer


class Moments(NamedTuple):
    """What ``moments`` computes.

    Attributes:
        mean: Like one draw's value, in floats.
        variance: Likewise; unbiased for equal weights.
        ess: Kish's effective number of draws, (sum w)^2 / sum w^2; their number where unweighted. Particles
            of a population count as draws here, though they depend on each other.
    """

    mean: PyTree
    variance: PyTree
    ess: Array


class MomentsMemory(NamedTuple):
    """What ``moments`` carries: weights are held relative to the largest so far.

    Attributes:
        log_scale: Largest log-weight so far ``[chain]``.
        weight: Sum of weights ``[chain]``.
        square: Sum of squared weights ``[chain]``.
        mean: Like the value, a ``Compensated`` ``[chain, *event]`` at each leaf.
        scatter: Weighted sum of squares about the mean, likewise.
    """

    log_scale: Array
    weight: Compensated
    square: Compensated
    mean: PyTree
    scatter: PyTree


def _by_particle(draws: Draws) -> Draws:
    """Particles of a population as chains of their own; of other draws, the chains as they are."""
    if draws.kind is not DrawKind.ENSEMBLE:
        return draws
    value, log_weight = jax.tree.map(
        lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), (draws.value, draws.log_weight)
    )
    return replace(draws, value=value, log_weight=log_weight)


def _init(draws: Draws) -> MomentsMemory:
    draws = _by_particle(draws)
    num_chains = jax.tree.leaves(draws.value)[0].shape[0]
    empty = jax.tree.map(lambda leaf: zeros(leaf.shape), draws.value)
    log_scale = jnp.full(num_chains, -jnp.inf)  # [chain]
    return MomentsMemory(log_scale, zeros((num_chains,)), zeros((num_chains,)), empty, empty)


def _update(memory: MomentsMemory, draws: Draws) -> MomentsMemory:
    draws = _by_particle(draws)
    log_weight = draws.log_weight
    log_weight = jnp.zeros_like(memory.log_scale) if log_weight is None else log_weight  # [chain]
    log_scale = jnp.maximum(memory.log_scale, log_weight)  # [chain]
    shift = jnp.where(log_scale == -jnp.inf, 0.0, log_scale)  # [chain]
    fade, weight = jnp.exp(memory.log_scale - shift), jnp.exp(log_weight - shift)  # [chain]
    total = memory.weight.times(fade).plus(weight)
    square = memory.square.times(fade**2).plus(weight**2)

    def fold(value, mean, scatter):
        value = jnp.asarray(value, dtype=float)  # [chain, *event]
        return welford(mean, scatter.times(align(fade, value)), value, weight, total.value)

    folded = jax.tree.map(fold, draws.value, memory.mean, memory.scatter)
    mean = jax.tree.map(lambda _, pair: pair[0], draws.value, folded)
    scatter = jax.tree.map(lambda _, pair: pair[1], draws.value, folded)
    return MomentsMemory(log_scale, total, square, mean, scatter)


def _is_sum(node: PyTree) -> bool:
    return isinstance(node, Compensated)


def _compute(memory: MomentsMemory) -> Moments:
    top = memory.log_scale.max()
    relative = jnp.exp(memory.log_scale - jnp.where(top == -jnp.inf, 0.0, top))  # [chain]
    total = memory.weight.value * relative  # [chain]
    weight, square = total.sum(), (memory.square.value * relative**2).sum()

    def merge(mean, scatter):
        mean, scatter = pool(mean.value, scatter.value * align(relative, scatter.high), total)
        return mean, scatter / (weight - square / weight)

    pooled = jax.tree.map(merge, memory.mean, memory.scatter, is_leaf=_is_sum)
    mean = jax.tree.map(lambda _, pair: pair[0], memory.mean, pooled, is_leaf=_is_sum)
    variance = jax.tree.map(lambda _, pair: pair[1], memory.mean, pooled, is_leaf=_is_sum)
    return Moments(mean, variance, weight**2 / square)


def moments() -> Reducer:
    r"""Mean and variance of every coordinate, in memory that does not grow with the draws.

    Each chain holds its own mean and sum of squares (Welford), as sums of two floats, so that ten
    million float32 draws do not drift; chains are merged at the end. Log-weights, where the draws
    have them, are honoured: self-normalised averages, rescaled whenever a larger weight arrives.

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
        >>> memory = fold.init(draws[0])
        >>> for one in draws:
        ...     memory = fold.update(memory, one)
        >>> print(fold.compute(memory).mean, fold.compute(memory).variance)
        [3.] [7.]

    Reference:
        Welford (1962), Technometrics 4(3); Chan, Golub and LeVeque (1983), The American Statistician 37(3).
    """
    return Reducer(Partial(_init), Partial(_update), Partial(_compute))
