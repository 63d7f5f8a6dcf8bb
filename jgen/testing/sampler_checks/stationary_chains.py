"""Run chains from exact draws, in one program that all checks of Markov kernels share."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.compiled import jit
from jgen._internal.trees import select_tree
from jgen.testing.requirements import require
from jgen.testing.sampler_checks.compare_samples import statistics
from jgen.testing.sampler_checks.target_draws import Make
from jgen.types import Array, DrawKind, Draws, Key, PyTree, Sampler, Target

ACCEPTANCES = (0.9, 0.6, 0.3)
BLOCK = 2_500
"""Chains of a compiled program; it runs as many times as a check needs."""


class Start(NamedTuple):
    """Start of a block of chains, and its random numbers.

    Attributes:
        positions: Exact draws ``[chain, *event]``.
        init_keys: For ``init`` ``[chain]``.
        step_keys: Folded with the number of the step ``[chain]``.
        turn: Uniform, for the step after which a chain starts again ``[chain]``.
        tie: Uniform, for the order of ties ``[chain]``.
    """

    positions: PyTree
    init_keys: Key
    step_keys: Key
    turn: Array
    tie: Array


class StationaryChains(NamedTuple):
    """Statistics of chains that start at exact draws.

    Attributes:
        first: Of the exact draws ``[statistic, chain]``.
        second: Of the first draws ``[statistic, chain]``.
        last: Of the last draws ``[statistic, chain]``.
        rank: Number of draws below the exact one, ties broken at random ``[statistic, chain]``.
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
    """Run chains from exact draws, at one step size.

    All checks, scales, and numbers of chains and steps share one compiled program, as all of these are data.

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
        Their statistics.

    Raises:
        CheckFailed: If a draw is not finite, or a coordinate never moves.
        ValueError: If there are no exact draws, the sampler is no Markov kernel, or ``num_chains`` is not a
            multiple of ``BLOCK``.
    """
    if num_chains % BLOCK:
        raise ValueError(f"num_chains must be a multiple of {BLOCK}; got {num_chains}")
    sampler, sample = sampler_and_exact_draws(make, target, scale)
    blocks, has_moved = [], np.array(False)
    for block in range(num_chains // BLOCK):
        chains, moves, is_finite = jax.device_get(
            _stationary_chains(sampler, target, _start(sample, key, block), num_steps, both_ways)
        )
        require(is_finite, "draws are not finite: treat a NaN log ratio as -inf at the accept step")
        has_moved = has_moved | moves
        blocks.append(chains)
    constant = f"coordinate {np.argmin(has_moved)} never moves, in any of {num_chains} chains"
    require(has_moved.all(), f"{constant}: is it left out of the proposal?")
    *rows, rates = zip(*blocks, strict=True)
    return StationaryChains._make([*(np.concatenate(row, axis=1) for row in rows), float(np.mean(rates))])


def chains_at_scales(
    make: Make, target: Target, key: Key, scales: tuple[float, ...] | None, **options: Any
) -> dict[float, StationaryChains]:
    """Run chains from exact draws at several step sizes.

    Args:
        make: Makes the sampler.
        target: A target with exact draws.
        key: Any key.
        scales: Step scales; None finds them.
        **options: Of ``stationary_chains``.

    Returns:
        Scale -> the statistics of its chains.
    """
    run_key, pilot_key = jax.random.split(key)
    scales = scales or find_scales(make, target, pilot_key)
    keys = [jax.random.fold_in(run_key, number) for number in range(len(scales))]
    return {
        scale: stationary_chains(make, target, key, scale=scale, **options)
        for scale, key in zip(scales, keys, strict=True)
    }


def find_scales(make: Make, target: Target, key: Key) -> tuple[float, ...]:
    """Find step scales at which the kernel accepts 0.9, 0.6 and 0.3 of its proposals, between 2^-5 and 2^6.

    Long steps come first, as short ones may take long trajectories. A kernel that reports no acceptance rate,
    or that accepts more than 0.3 however long its steps, gets 1, 2 and 4.
    """
    log2_scales, rates = np.arange(6.0, -5.5, -0.5), [0.0]
    for number, log2_scale in enumerate(log2_scales):
        sampler, sample = sampler_and_exact_draws(make, target, 2.0**log2_scale)
        chains, _, _ = _stationary_chains(sampler, target, _start(sample, key, number), 1, False)
        rate = float(chains.acceptance_rate)
        if not rate <= min(ACCEPTANCES) and number == 0:  # NaN included
            return (1.0, 2.0, 4.0)
        rates.append(max(rate, rates[-1]))
        if rate > max(ACCEPTANCES):
            break
    tried = log2_scales[: len(rates) - 1]
    return tuple(float(2.0 ** np.interp(wanted, rates[1:], tried)) for wanted in ACCEPTANCES)


def sampler_and_exact_draws(make: Make, target: Target, scale: float) -> tuple[Sampler, Partial]:
    """Make the sampler and return it with the target's exact sampler.

    Raises:
        ValueError: If there is no exact sampler, or the sampler is no Markov kernel.
    """
    if target.sample is None:
        raise ValueError(f"{target.name} has no exact sampler; this check starts from exact draws")
    sampler = make(target, jnp.float32(scale))
    kind = jax.eval_shape(_draw, sampler, target.sample, jax.random.key(0)).kind
    if kind is not DrawKind.MARKOV:
        raise ValueError(f"this check needs a Markov kernel; these draws are {kind.value}")
    return sampler, target.sample


def _draw(sampler: Sampler, sample: Partial, key: Key) -> Draws:
    return sampler.step(key, sampler.init(key, sample(key)))[1]


@jit
def _start(sample: Partial, key: Key, block: Array) -> Start:
    """Draw a start, in a separate program that all samplers share."""
    keys = jax.random.split(jax.random.fold_in(key, block), (3, BLOCK))
    turn, tie = jax.random.uniform(jax.random.fold_in(key, ~block), (2, BLOCK))
    return Start(jax.vmap(sample)(keys[0]), keys[1], keys[2], turn, tie)


@jit
def _stationary_chains(
    sampler: Sampler, target: Target, start: Start, num_steps: Array, both_ways: Array
) -> tuple[StationaryChains, Array, Array]:
    """Run one block; return which coordinates moved ``[dim]``, and whether all draws are finite ``[]``, too.

    Every statistic, those of the exact draws too, is computed at one place in the loop: a chain that has
    not moved has the same ones, to the last bit, and ties are ties.
    """
    placed = jax.vmap(sampler.init)(start.init_keys, start.positions)
    turns_at = jnp.where(both_ways, jnp.floor(start.turn * (num_steps + 1)).astype(int), -1)  # [chain]
    shape = jax.eval_shape(statistics, target, start.positions)
    empty = jnp.zeros(shape.shape, shape.dtype)

    def step(index: Array, states: PyTree) -> tuple[PyTree, PyTree, Array]:
        keys = jax.vmap(jax.random.fold_in, (0, None))(start.step_keys, index)
        states, draws = jax.vmap(sampler.step)(keys, select_tree(turns_at == index, placed, states))
        return states, draws.value, jnp.nanmean(draws.info.get("acceptance_rate", jnp.nan))

    def visit(index: Array, carry: tuple) -> tuple:
        states, values, chains = carry
        last = statistics(target, values)
        first = jnp.where(index == 0, last, chains.first)
        second = jnp.where(index == 1, last, chains.second)
        # The exact draw ties with itself, so that its rank among equal values is random.
        rank = chains.rank + (last < first) + start.tie[None] * (last == first)

        def stop(_: Array, states: PyTree) -> tuple[PyTree, PyTree, Array]:
            return states, values, 0.0 * chains.acceptance_rate

        states, new, rate = jax.lax.cond(index < num_steps, step, stop, index, states)
        return (
            states,
            new,
            StationaryChains(first, second, last, rank, chains.acceptance_rate + rate / num_steps),
        )

    chains = StationaryChains(empty, empty, empty, jnp.zeros_like(empty, start.tie.dtype), jnp.zeros(()))
    _, values, chains = jax.lax.fori_loop(0, num_steps + 1, visit, (placed, start.positions, chains))
    before, after = map(jax.vmap(lambda value: ravel_pytree(value)[0]), (start.positions, values))
    moves, is_finite = jnp.any(before != after, axis=0), jnp.all(jnp.isfinite(after))
    return chains._replace(rank=jnp.floor(chains.rank)), moves, is_finite
