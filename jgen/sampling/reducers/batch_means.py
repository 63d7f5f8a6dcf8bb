"""Estimate ESS and Monte Carlo standard error of Markov chains whose draws are not stored."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.tree_util import Partial

from jgen.sampling.reducers.compensated_sums import (
    Compensated,
    Scatter,
    as_stored,
    difference,
    expand_like,
    no_scatter,
    pool,
    welford,
    zeros,
)
from jgen.types import Array, Draws, PyTree, Reducer

LARGEST_CORRELATION = 0.95


class BatchMeans(NamedTuple):
    """Result of ``batch_means``.

    Attributes:
        mean: Like one draw's value, in floats. mcse: Standard error of the mean over all draws, likewise; too
        small where ``ess`` is below 100 a chain. ess: Effective sample size for the mean, likewise.
        batch_size: Draws per batch at the end. correlation: Of neighbouring batches, between 0 and 0.95, like
        the mean; the error includes it.
    """

    mean: PyTree
    mcse: PyTree
    ess: PyTree
    batch_size: Array
    correlation: PyTree


class Batches(NamedTuple):
    """Batch means of one leaf; draws are stored relative to each chain's first.

    Attributes:
        origin: First draw ``[chain, *event]``.
        batch: Batch means ``[chain, batch, *event]``; the one after the last full one is growing.
        mean: Mean over all draws ``[chain, *event]``.
        scatter: Sum of squares about it ``[chain, *event]``.
    """

    origin: Array
    batch: Array
    mean: Compensated
    scatter: Scatter


class BatchMeansState(NamedTuple):
    """State of ``batch_means``.

    Attributes:
        num_draws: Number of draws per chain.
        num_full: Number of full batches.
        in_batch: Number of draws in the growing batch.
        batch_size: Number of draws that fill a batch.
        leaves: Like the value, ``Batches`` at each leaf.
    """

    num_draws: Array
    num_full: Array
    in_batch: Array
    batch_size: Array
    leaves: PyTree


def _init(num_batches: Array, draws: Draws) -> BatchMeansState:
    def empty(leaf):
        num_chains, *event = leaf.shape
        batch = jnp.zeros((num_chains, num_batches.size, *event))  # [chain, batch, *event]
        origin = jnp.zeros_like(as_stored(leaf))
        return Batches(origin, batch, zeros(leaf.shape), no_scatter(leaf.shape))

    zero = jnp.zeros((), int)
    return BatchMeansState(zero, zero, zero, zero + 1, jax.tree.map(empty, draws.value))


def _merge_pairs(leaves: PyTree) -> PyTree:
    """Merge neighbouring batches, which halves their number and doubles their size."""

    def merge(batches):
        pair = (batches.batch[:, ::2] + batches.batch[:, 1::2]) / 2  # [chain, batch / 2, *event]
        return batches._replace(batch=jnp.concatenate([pair, jnp.zeros_like(pair)], axis=1))

    return jax.tree.map(merge, leaves, is_leaf=_is_batches)


def _is_batches(node: PyTree) -> bool:
    return isinstance(node, Batches)


def _update(state: BatchMeansState, draws: Draws) -> BatchMeansState:
    count, in_batch = state.num_draws + 1, state.in_batch + 1

    def fold(value, batches):
        value = as_stored(jnp.asarray(value))  # [chain, *event]
        origin = jnp.where(count == 1, value, batches.origin)  # [chain, *event]
        value = difference(value, origin)
        growing = jnp.where(in_batch == 1, 0.0, batches.batch[:, state.num_full])  # [chain, *event]
        growing = growing + (value - growing) / in_batch
        one = jnp.ones(value.shape[:1])  # [chain]
        mean, scatter = welford(batches.mean, batches.scatter, value, one, state.num_draws * one)
        return Batches(origin, batches.batch.at[:, state.num_full].set(growing), mean, scatter)

    leaves = jax.tree.map(fold, draws.value, state.leaves)
    full = in_batch == state.batch_size
    num_full = state.num_full + full
    crowded = num_full == jax.tree.leaves(leaves, is_leaf=_is_batches)[0].batch.shape[1]
    leaves = lax.cond(crowded, _merge_pairs, lambda leaves: leaves, leaves)
    num_full, in_batch = jnp.where(crowded, num_full // 2, num_full), jnp.where(full, 0, in_batch)
    return BatchMeansState(count, num_full, in_batch, jnp.where(crowded, 2, 1) * state.batch_size, leaves)


def _compute(state: BatchMeansState) -> BatchMeans:
    def statistics(batches):
        num_chains, num_batches = batches.batch.shape[:2]
        size = num_chains * (state.num_draws * 1.0)
        count = state.num_draws * jnp.ones(num_chains)  # [chain]
        offset = difference(batches.origin, batches.origin[:1])  # [chain, *event]
        mean, scatter, unit = pool(batches.mean.value + offset, batches.scatter, count)  # [*event]

        full = jnp.tile((jnp.arange(num_batches) < state.num_full)[None], (num_chains, 1))  # [chain, batch]
        full = expand_like(full, batches.batch)  # [chain, batch, 1, ...]
        batch = batches.batch + offset[:, None]  # [chain, batch, *event]
        num_full = num_chains * state.num_full
        centre = jnp.where(full, batch, 0.0).sum(axis=(0, 1)) / num_full  # [*event]
        apart = jnp.where(full, (batch - centre[None, None]) / unit[None, None], 0.0)
        squares = (apart**2).sum(axis=(0, 1))
        correlation = (apart[:, 1:] * apart[:, :-1]).sum(axis=(0, 1)) / squares  # [*event]
        correlation = jnp.where(squares == 0, 0.0, jnp.clip(correlation, 0.0, LARGEST_CORRELATION))
        spread = squares / (num_full - 1) * (1 + correlation) / (1 - correlation)
        long_run = state.batch_size * spread  # [*event], in squares of the unit
        mcse, ess = unit * jnp.sqrt(long_run / size), scatter / (size - 1) * size / long_run
        return mean + batches.origin[0].astype(float), mcse, ess, correlation

    leaves, structure = jax.tree.flatten(state.leaves, _is_batches)
    parts = zip(*map(statistics, leaves), strict=True)
    mean, mcse, ess, correlation = (jax.tree.unflatten(structure, part) for part in parts)
    return BatchMeans(mean, mcse, ess, state.batch_size, correlation)


def batch_means(num_batches: int = 64) -> Reducer:
    r"""Estimate ESS and MCSE of the mean by batch means, in fixed memory for chains of any length.

    The state of each chain has the means of at most ``num_batches`` batches of b draws; when they are full,
    neighbours are merged and b doubles, so that both b and the number of batches suffice. With a
    chains, m full batches each and n draws in all,

    .. math:: \hat\sigma^2 = \frac{b}{a m - 1} \, \frac{1 + r}{1 - r} \sum_{i, j} (\bar y_{ij} - \bar y)^2,
              \qquad mcse = \hat\sigma / \sqrt n, \qquad ESS = n s^2 / \hat\sigma^2.

    where r is the correlation of neighbouring batches, between 0 and 0.95: it makes up for batches of only a
    few autocorrelation times. Where they are not even that long, ESS is below 100 a chain, and the error too
    small. The batches of all chains are compared with one grand mean (replicated batch means), so that the
    error is larger if chains have not mixed.

    Args:
        num_batches: Number of batches stored per chain, even; the relative error of the MCSE is about
            1 / sqrt(num_chains num_batches).

    Returns:
        A ``Reducer`` whose ``compute`` gives ``BatchMeans``; NaN for fewer than two batches in all, and for
        coordinates with NaN draws.

    Raises:
        ValueError: If ``num_batches`` is odd or less than two.

    Example:
        >>> import jax
        >>> from jgen.types import Draws, DrawKind
        >>> fold = batch_means()
        >>> noise = jax.random.normal(jax.random.key(0), (4096, 4))  # [draw, chain]
        >>> draws = Draws(noise, {}, None, DrawKind.MARKOV)
        >>> step = lambda state, one: (fold.update(state, one), None)
        >>> state, _ = jax.lax.scan(step, fold.init(jax.tree.map(lambda leaf: leaf[0], draws)), draws)
        >>> result = fold.compute(state)
        >>> bool(abs(result.ess / noise.size - 1) < 0.7), int(result.batch_size)
        (True, 128)

    Reference:
        Gupta and Vats (2020), Estimating Monte Carlo variance from multiple Markov chains, arXiv:2007.04229;
        Argon and Andradottir (2006), Replicated batch means for steady-state simulations.
    """
    if num_batches < 2 or num_batches % 2:
        raise ValueError(f"batch_means merges batches in pairs: num_batches must be even, got {num_batches}")
    return Reducer(Partial(_init, jnp.zeros(num_batches)), Partial(_update), Partial(_compute))
