"""Compute nested R-hat of many short chains whose draws are not stored."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen._internal.units import unit_of
from jgen.sampling.reducers.compensated_sums import (
    Compensated,
    Scatter,
    as_stored,
    difference,
    no_scatter,
    welford,
    zeros,
)
from jgen.types import Array, Draws, PyTree, Reducer


class NestedMoments(NamedTuple):
    """Moments of one leaf; draws are stored relative to each chain's first.

    Attributes:
        origin: First draw ``[chain, *event]``.
        mean: Mean ``[chain, *event]``.
        scatter: Sum of squares about it ``[chain, *event]``.
    """

    origin: Array
    mean: Compensated
    scatter: Scatter


class NestedRhatState(NamedTuple):
    """State of ``nested_rhat``.

    Attributes:
        num_draws: Number of draws per chain.
        leaves: Like the value, a ``NestedMoments`` at each leaf.
    """

    num_draws: Array
    leaves: PyTree


def _init(draws: Draws, *, num_superchains: int) -> NestedRhatState:
    num_chains = len(jax.tree.leaves(draws.value)[0])
    if num_chains % num_superchains:
        raise ValueError(
            f"nested_rhat divides the chains into {num_superchains} superchains of one size; {num_chains} "
            "chains do not divide"
        )

    def empty(leaf: Array) -> NestedMoments:
        return NestedMoments(jnp.zeros_like(as_stored(leaf)), zeros(leaf.shape), no_scatter(leaf.shape))

    return NestedRhatState(jnp.zeros((), int), jax.tree.map(empty, draws.value))


def _update(state: NestedRhatState, draws: Draws) -> NestedRhatState:
    count = state.num_draws + 1

    def fold(value: Array, before: NestedMoments) -> NestedMoments:
        value = as_stored(jnp.asarray(value))  # [chain, *event]
        origin = jnp.where(count == 1, value, before.origin)
        offset, one = difference(value, origin), jnp.ones(value.shape[:1])  # [chain, *event], [chain]
        return NestedMoments(
            origin, *welford(before.mean, before.scatter, offset, one, state.num_draws * one)
        )

    return NestedRhatState(count, jax.tree.map(fold, draws.value, state.leaves))


def _compute(state: NestedRhatState, *, num_superchains: int) -> PyTree:
    def statistic(leaf: NestedMoments) -> Array:
        mean = leaf.mean.value + difference(leaf.origin, leaf.origin[:1])  # [chain, *event]
        unit = jnp.maximum(leaf.scatter.unit.max(axis=0, keepdims=True), unit_of(mean, 0))  # [1, *event]
        mean = (mean / unit).reshape(num_superchains, -1, *mean.shape[1:])  # [superchain, chain, *event]
        scatter = leaf.scatter.in_unit(jnp.broadcast_to(unit, leaf.origin.shape)).sum.value
        dof = jnp.maximum(state.num_draws - 1, 1)
        within = (scatter / dof).reshape(mean.shape).mean(axis=1)  # [superchain, *event]
        apart = mean.var(axis=1, ddof=1) if mean.shape[1] > 1 else jnp.zeros_like(within)
        between = mean.mean(axis=1).var(axis=0, ddof=1)  # [*event]
        return jnp.sqrt(1 + between / (within + apart).mean(axis=0))

    return jax.tree.map(statistic, state.leaves, is_leaf=lambda node: isinstance(node, NestedMoments))


def nested_rhat(num_superchains: int) -> Reducer:
    r"""Compute nested R-hat, for many chains of few draws each.

    The chains are divided, in their order, into K superchains of M; the chains of one superchain must start
    from one point, and those points be dispersed. With B the variance of the means of the superchains
    and W the mean over superchains of (variance of the chains' means + mean variance within a chain),

    .. math:: \hat R_\nu = \sqrt{1 + B / W}

    shows whether the superchains are independent of their starts, for chains of any length: one draw of each
    is enough where M > 1. Where they are, B / W is near 1/M for one draw, and 1 / (M + M n / tau)
    for n draws of autocorrelation time tau: with one draw compare with sqrt(1 + 1/M), not with 1.

    It compares means only, so it misses superchains of one mean and different spread
    (``jgen.diagnostics.rhat`` folds, and finds them) and a drift common to all superchains; with heavy tails
    it is noise (``rhat`` uses ranks). Superchains that all start at one point, or at exact draws, pass from
    the first draw.

    Args:
        num_superchains: K, at least 2; structural.

    Returns:
        A ``Reducer`` whose ``compute`` gives one number a coordinate, like one draw's value; NaN for
        coordinates with NaN draws, or that never move; inf where each superchain is stuck at its own value.

    Raises:
        ValueError: If there are fewer than two superchains; by ``init``, if the chains do not divide.

    Example:
        >>> import jax.numpy as jnp
        >>> from jgen.types import Draws, DrawKind
        >>> fold = nested_rhat(2)
        >>> draws = Draws(jnp.array([0.0, 2.0, 4.0, 6.0]), {}, None, DrawKind.MARKOV)  # B = 8, W = 2
        >>> round(float(fold.compute(fold.update(fold.init(draws), draws))), 4)
        2.2361

    Reference:
        Margossian, Hoffman, Sountsov, Riou-Durand, Vehtari and Gelman (2024), Nested R-hat: assessing the
        convergence of Markov chain Monte Carlo when running many short chains. Bayesian Analysis.
    """
    if num_superchains < 2:
        raise ValueError(
            f"nested_rhat compares superchains, two or more; got num_superchains={num_superchains}"
        )
    init, compute = (bind_static(function, num_superchains=num_superchains) for function in (_init, _compute))
    return Reducer(Partial(init), Partial(_update), Partial(compute))
