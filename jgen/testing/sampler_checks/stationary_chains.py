"""Chains that start at exact draws: the one program behind every law of Markov kernels."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen.testing.check_result import CheckFailed
from jgen.testing.sampler_checks.compare_samples import statistics
from jgen.testing.sampler_checks.target_draws import Make
from jgen.types import Array, DrawKind, Draws, Key, PyTree, Sampler, Target

ACCEPTANCES = (0.9, 0.6, 0.3)
BLOCK = 2_500
"""Chains that walk side by side; as many blocks are walked as a law asks for."""


class Start(NamedTuple):
    """Where a block of chains starts, and the chance it will need.

    Attributes:
        positions: Exact draws ``[chain, *event]``.
        init_keys: For ``init`` ``[chain]``.
        step_keys: Folded with the number of the step ``[chain]``.
        turn: Uniform ``[chain]``.
        tie: Uniform ``[chain]``.
    """

    positions: PyTree
    init_keys: Key
    step_keys: Key
    turn: Array
    tie: Array


class StationaryChains(NamedTuple):
    """What chains met, by statistic.

    Attributes:
        first: Of the exact draws they started at ``[statistic, chain]``.
        second: Of their first draws ``[statistic, chain]``.
        last: Of their last draws ``[statistic, chain]``.
        rank: How many draws lie below the exact one, ties broken at random ``[statistic, chain]``.
        acceptance_rate: Mean over all steps; NaN where the kernel reports none.
    """

    first: Any
    second: Any
    last: Any
    rank: Any
    acceptance_rate: Any


def stationary_chains(
    make: Make,
    target: Target,
    key: Key,
    *,
    scale: float,
    num_chains: int,
    num_steps: int,
    both_ways: bool = False,
) -> StationaryChains:
    """Chains from exact draws, under one step size.

    All laws, scales, and numbers of chains and steps share one compiled program, as all of these are data.

    Args:
        make: Makes the sampler.
        target: A target with exact draws.
        key: Any key.
        scale: Step scale.
        num_chains: Chains, a multiple of ``BLOCK``.
        num_steps: Steps a chain.
        both_ways: Whether to make a random number of the steps, and the rest from the exact draw again: where
            the kernel is reversible, these are its past.

    Returns:
        What they met.

    Raises:
        LawBroken: If a draw is not finite, or a coordinate never moves.
        ValueError: If there are no exact draws, the sampler is no Markov kernel, or ``num_chains`` is not a
            multiple of ``BLOCK``.
    """
    if num_chains % BLOCK:
        raise ValueError(f"num_chains must be a multiple of {BLOCK}; got {num_chains}")
    sampler, sample = aimed(make, target, scale)
    blocks, has_moved = [], np.array(False)
    for block in range(num_chains // BLOCK):
        met, moves, is_finite = jax.device_get(
            _stationary_chains(sampler, target, _start(sample, key, block), num_steps, both_ways)
        )
        if not is_finite:
            raise CheckFailed("draws are not finite: guard NaN where a proposal is accepted")
        has_moved = has_moved | moves
        blocks.append(met)
    still = np.flatnonzero(~has_moved)
    if still.size:
        raise CheckFailed(f"coordinate {still[0]} never moves, in any of {num_chains} chains: it is left out")
    first, second, last, ranks = (
        np.concatenate(rows, axis=1) for rows in zip(*(met[:4] for met in blocks), strict=True)
    )
    return StationaryChains(
        first, second, last, ranks, float(np.mean([met.acceptance_rate for met in blocks]))
    )


def find_scales(make: Make, target: Target, key: Key) -> tuple[float, ...]:
    """Step scales at which the kernel accepts 0.9, 0.6 and 0.3 of its proposals, between 2^-5 and 2^6.

    Long steps come first, as short ones may take long trajectories. A kernel that does not say, or that
    accepts more than 0.3 however long its steps, gets 1, 2 and 4.
    """
    log2_scales, rates = np.arange(6.0, -5.5, -0.5), [0.0]
    for number, log2_scale in enumerate(log2_scales):
        sampler, sample = aimed(make, target, 2.0**log2_scale)
        met, _, _ = _stationary_chains(sampler, target, _start(sample, key, number), 1, False)
        rate = float(met.acceptance_rate)
        if not rate <= min(ACCEPTANCES) and number == 0:  # NaN included
            return (1.0, 2.0, 4.0)
        rates.append(max(rate, rates[-1]))
        if rate > max(ACCEPTANCES):
            break
    tried = log2_scales[: len(rates) - 1]
    return tuple(float(2.0 ** np.interp(wanted, rates[1:], tried)) for wanted in ACCEPTANCES)


def aimed(make: Make, target: Target, scale: float) -> tuple[Sampler, Partial]:
    """The sampler and the exact draws it is compared with, once it is known that it can be judged."""
    if target.sample is None:
        raise ValueError(f"{target.name} has no exact sampler; this law starts from exact draws")
    sampler = make(target, jnp.float32(scale))
    law = jax.eval_shape(_draw, sampler, target.sample, jax.random.key(0)).kind
    if law is not DrawKind.MARKOV:
        raise ValueError(f"this is a law of Markov kernels; these draws are {law.value}")
    return sampler, target.sample


def _draw(sampler: Sampler, sample: Partial, key: Key) -> Draws:
    return sampler.step(key, sampler.init(key, sample(key)))[1]


@jax.jit
def _start(sample: Partial, key: Key, block: Array) -> Start:
    """A program of its own: it is the same for every sampler."""
    keys = jax.random.split(jax.random.fold_in(key, block), (3, BLOCK))
    turn, tie = jax.random.uniform(jax.random.fold_in(key, ~block), (2, BLOCK))
    return Start(jax.vmap(sample)(keys[0]), keys[1], keys[2], turn, tie)


@jax.jit
def _stationary_chains(
    sampler: Sampler, target: Target, start: Start, num_steps: Array, both_ways: Array
) -> tuple[StationaryChains, Array, Array]:
    """One block; which coordinates moved ``[dim]``, and whether all draws are finite ``[]``.

    Every statistic, those of the exact draws too, comes out of the one place in the loop: a chain that has
    not moved has the very same ones, to the last bit, and ties are ties.
    """
    placed = jax.vmap(sampler.init)(start.init_keys, start.positions)
    turns_at = jnp.where(both_ways, jnp.floor(start.turn * (num_steps + 1)).astype(int), -1)  # [chain]
    shape = jax.eval_shape(statistics, target, start.positions)
    nothing = jnp.zeros(shape.shape, shape.dtype)

    def step(index: Array, states: PyTree) -> tuple[PyTree, PyTree, Array]:
        turns = turns_at == index

        def turned(fresh: Array, old: Array) -> Array:
            return jnp.where(jnp.expand_dims(turns, range(1, old.ndim)), fresh, old)

        keys = jax.vmap(jax.random.fold_in, (0, None))(start.step_keys, index)
        states, draws = jax.vmap(sampler.step)(keys, jax.tree.map(turned, placed, states))
        return states, draws.value, jnp.nanmean(draws.info.get("acceptance_rate", jnp.nan))

    def visit(index: Array, carry: tuple) -> tuple:
        states, values, met = carry
        last = statistics(target, values)
        first = jnp.where(index == 0, last, met.first)
        met = StationaryChains(
            first,
            jnp.where(index == 1, last, met.second),
            last,
            # The exact draw ties with itself, so that its place is drawn among all its equals.
            met.rank + (last < first) + start.tie[None] * (last == first),
            met.acceptance_rate,
        )
        states, values, rate = jax.lax.cond(
            index < num_steps,
            step,
            lambda _, states: (states, values, 0.0 * met.acceptance_rate),
            index,
            states,
        )
        return states, values, met._replace(acceptance_rate=met.acceptance_rate + rate / num_steps)

    met = StationaryChains(nothing, nothing, nothing, jnp.zeros_like(nothing, jnp.float32), jnp.zeros(()))
    _, values, met = jax.lax.fori_loop(0, num_steps + 1, visit, (placed, start.positions, met))
    before, after = (
        jax.vmap(lambda value: ravel_pytree(value)[0])(tree) for tree in (start.positions, values)
    )
    moves, is_finite = jnp.any(before != after, axis=0), jnp.all(jnp.isfinite(after))
    return met._replace(rank=jnp.floor(met.rank)), moves, is_finite
