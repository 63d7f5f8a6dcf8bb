"""Compute quantiles of draws that are not stored, by a sketch of fixed size with known error."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.tree_util import Partial

from jgen.types import Array, DrawKind, Draws, Key, PyTree, Reducer

NUM_LEVELS = 30
"""Number of levels of a sketch; it is full after 2^30 batches."""


class Quantiles(NamedTuple):
    """Result of ``quantiles``.

    Attributes:
        value: Like one draw's value, with a leading axis ``[prob]``; NaN for coordinates with NaN draws.
        rank_error: Scale of the error of ranks by the sketch, as a fraction of the draws: the error exceeds
            t times this with probability at most 2 exp(-t^2 / 2) for each quantile ``[]``.
    """

    value: PyTree
    rank_error: Array


class Sketch(NamedTuple):
    """Sketch of one leaf; ``dim`` is the number of coordinates of its event.

    Attributes:
        batch: Draws not yet sorted ``[step, chain, *event]``.
        levels: Sorted draws ``[level, size, dim]``, each of weight 2^level.
        has_nan: Whether there was a NaN ``[dim]``.
    """

    batch: Array
    levels: Array
    has_nan: Array


class QuantilesState(NamedTuple):
    """State of ``quantiles``.

    Attributes:
        num_steps: Number of steps.
        leaves: Like the value, a ``Sketch`` at each leaf.
    """

    num_steps: Array
    leaves: PyTree


def _init(size: Array, draws: Draws) -> QuantilesState:
    if draws.kind in (DrawKind.WEIGHTED, DrawKind.ENSEMBLE):
        raise ValueError(
            f"quantiles needs equal weights, and these ({draws.kind}) are weighted: store or resample them"
        )

    def empty(leaf: Array) -> Sketch:
        num_chains, *event = leaf.shape
        steps = -(-size.size // num_chains)
        batch = jnp.zeros((steps, num_chains, *event))
        dim = batch[0, 0].size
        return Sketch(batch, jnp.zeros((NUM_LEVELS, size.size, dim)), jnp.zeros(dim, bool))

    return QuantilesState(jnp.zeros((), int), jax.tree.map(empty, draws.value))


def _thin(rows: Array, size: int, uniform: Array) -> Array:
    """Select ``size`` of the sorted ``rows [row, dim]``, evenly spaced from a random start."""
    place = jnp.floor((jnp.arange(size) + uniform) * (len(rows) / size)).astype(int)
    return rows[jnp.minimum(place, len(rows) - 1)]


def _insert(levels: Array, batch: Array, index: Array, key: Key) -> Array:
    """Insert the ``index``-th batch, as a binary counter adds a one.

    Where a level is full, it is merged with the batch and every other row moves up a level, where it has
    twice the weight; a fair coin decides between the rows of even and of odd rank.
    """
    size = levels.shape[1]
    start_key, coin_key = jax.random.split(jax.random.fold_in(key, index))
    coins = jax.random.bernoulli(coin_key, shape=(NUM_LEVELS,)).astype(int)
    rows = jnp.sort(batch.reshape(-1, levels.shape[2]), axis=0)  # [row, dim]
    rows = _thin(rows, size, jax.random.uniform(start_key)) if len(rows) > size else rows

    def carry(state: tuple[Array, Array]) -> tuple[Array, Array]:
        level, rows = state
        both = jnp.sort(jnp.concatenate([levels[level], rows]), axis=0)  # [2 size, dim]
        return level + 1, both.reshape(size, 2, -1)[:, coins[level]]

    start = (jnp.zeros((), index.dtype), rows)
    level, rows = lax.while_loop(lambda state: (index >> state[0]) & 1 == 1, carry, start)
    return levels.at[level].set(rows)


def _update(key: Key, state: QuantilesState, draws: Draws) -> QuantilesState:
    def insert(value: Array, sketch: Sketch) -> Sketch:
        value = jnp.asarray(value, dtype=float)  # [chain, *event]
        steps = len(sketch.batch)
        batch = sketch.batch.at[state.num_steps % steps].set(value)
        is_full = (state.num_steps + 1) % steps == 0
        levels = lax.cond(
            is_full,
            lambda: _insert(sketch.levels, batch, state.num_steps // steps, key),
            lambda: sketch.levels,
        )
        isnan = jnp.isnan(value).any(axis=0).reshape(-1)  # [dim]
        return Sketch(batch, levels, sketch.has_nan | isnan)

    return QuantilesState(state.num_steps + 1, jax.tree.map(insert, draws.value, state.leaves))


def _quantiles_of(probs: Array, num_steps: Array, sketch: Sketch) -> Array:
    """Compute the weighted quantiles ``[prob, *event]`` of the rows of a sketch."""
    steps, num_chains, *event = sketch.batch.shape
    size, dim = sketch.levels.shape[1:]
    is_full = (num_steps // steps >> jnp.arange(NUM_LEVELS)) & 1  # [level]
    unit = steps * num_chains / size * 2.0 ** jnp.arange(NUM_LEVELS)  # [level], weight of a row
    waiting = (jnp.arange(steps) < num_steps % steps) * 1.0  # [step]
    rows = jnp.concatenate([sketch.levels.reshape(-1, dim), sketch.batch.reshape(-1, dim)])
    weights = jnp.concatenate([jnp.repeat(is_full * unit, size), jnp.repeat(waiting, num_chains)])

    def of_one(rows: Array, has_nan: Array) -> Array:
        order = jnp.argsort(rows)
        below = jnp.cumsum(weights[order])  # [row]
        place = jnp.searchsorted(below, probs * below[-1])  # [prob]
        return jnp.where(has_nan, jnp.nan, rows[order][place])

    return jax.vmap(of_one, in_axes=(1, 0), out_axes=1)(rows, sketch.has_nan).reshape(len(probs), *event)


def _compute(probs: Array, state: QuantilesState) -> Quantiles:
    leaves, structure = jax.tree.flatten(state.leaves, lambda node: isinstance(node, Sketch))
    value = jax.tree.unflatten(structure, [_quantiles_of(probs, state.num_steps, leaf) for leaf in leaves])
    (steps, num_chains), size = leaves[0].batch.shape[:2], leaves[0].levels.shape[1]
    unit = steps * num_chains / size
    batches = state.num_steps // steps
    merges = batches // 2 ** jnp.arange(1, NUM_LEVELS)  # [level]
    variance = (merges * 4.0 ** jnp.arange(NUM_LEVELS - 1)).sum() * unit**2
    variance += batches * (unit / 2) ** 2 * (unit > 1)
    return Quantiles(value, jnp.sqrt(variance) / (state.num_steps * num_chains))


def quantiles(probs: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95), size: int = 256) -> Reducer:
    r"""Compute quantiles of every coordinate over all chains, in fixed memory for any number of draws.

    Draws are collected in batches of ``size`` (of all chains, and of as many steps as that takes), sorted,
    and stored in levels, the rows of level l with weight 2^l. Where a level is full, two are merged into one
    of twice the weight by dropping every other row, those of odd or of even rank by a fair coin. A merge
    moves no rank by more than 2^l, up or down with equal probability, so by Hoeffding's inequality the
    fraction of draws below a quantile is wrong by more than t e with probability at most 2 exp(-t^2 / 2),
    where

    .. math:: e^2 = \frac{1}{n^2} \sum_l \lfloor m / 2^{l+1} \rfloor 4^l, \qquad e \le \frac{0.71}{size}

    after m batches, 0.28 % at the default; ``rank_error`` is this e (with the share of the batches
    themselves, where there are more chains than ``size``). The sampling error of the draws is separate: with
    n effective draws, sqrt(p (1 - p) / n). The coins depend on the number of draws only, so that a resumed
    run gives the same quantiles.

    Args:
        probs: The probabilities ``[prob]``, each in (0, 1).
        size: Rows of a level, even; memory is 30 size floats a coordinate, 31 kB at the default.

    Returns:
        A ``Reducer`` whose ``compute`` gives ``Quantiles``: for each probability p the smallest stored draw
        that a fraction p of all weight does not exceed.

    Raises:
        ValueError: If a probability is not in (0, 1) or ``size`` is odd; by ``init``, for weighted draws.

    Example:
        >>> import jax.numpy as jnp
        >>> from jgen.types import Draws, DrawKind
        >>> fold = quantiles(probs=(0.5,))
        >>> draws = Draws(jnp.arange(101.0), {}, None, DrawKind.MARKOV)  # 101 chains
        >>> print(fold.compute(fold.update(fold.init(draws), draws)).value)
        [50.]

    Reference:
        Manku, Rajagopalan and Lindsay (1998), Approximate medians and other quantiles in one pass and with
        limited memory, SIGMOD; Karnin, Lang and Liberty (2016), Optimal quantile approximation in streams.
    """
    if not len(probs) or not all(0 < prob < 1 for prob in probs):
        raise ValueError(f"quantiles needs probabilities strictly between 0 and 1; got {tuple(probs)}")
    if size < 2 or size % 2:
        raise ValueError(f"quantiles drops every other row: size must be even, got {size}")
    init, compute = Partial(_init, jnp.zeros(size)), Partial(_compute, jnp.asarray(probs, float))
    return Reducer(init, Partial(_update, jax.random.key(0)), compute)
