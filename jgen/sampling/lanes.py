"""Run many chains over few lanes: each step makes one evaluation in every lane.

When chains step together (``chains.step_chains``), every draw takes as long as that of the slowest chain.
Here a chain that has completed a draw begins its next one while others have not completed theirs.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgen._internal.threefry import fold_in
from jgen._internal.trees import select_tree
from jgen.samplers.state_machine import StateMachine
from jgen.types import Array, Draws, Key, PyTree, Sampler

PATIENCE = 8
"""Lanes with a finished draw wait until they are one in this many: ending and beginning a draw is as costly
as several steps."""


class Lanes(NamedTuple):
    """State of the lanes.

    Attributes:
        chain: Chain of each lane ``[lane]``; the number of chains for an idle lane.
        state: State of that chain, with a leading lane axis.
        work: State of its state machine, likewise.
    """

    chain: Array
    state: PyTree
    work: PyTree


def state_machine_of(sampler: Sampler, num_lanes: int, num_chains: int) -> StateMachine:
    """Return the state machine that a sampler's step runs to completion.

    Raises:
        ValueError: If the step runs no state machine, or there are more lanes than chains.
    """
    if not 1 <= num_lanes <= num_chains:
        raise ValueError(f"num_lanes must lie between 1 and num_chains = {num_chains}; got {num_lanes}")
    bound = sampler.step.args
    if len(bound) == 1 and isinstance(bound[0], StateMachine):
        return bound[0]
    name = getattr(sampler.step.func, "__name__", sampler.step.func)
    raise ValueError(
        "num_lanes is for a sampler whose step runs a StateMachine, one evaluation at a time (nuts, "
        "slice_sampler, accept_reject), with no transform around it; the step of this one is "
        f"{name}: leave num_lanes out"
    )


def run_lanes(
    machine: StateMachine, keys: Key, states: PyTree, step: Array, count: Array, buffer: Draws, num_lanes: int
) -> tuple[PyTree, Draws, Array]:
    """Make ``count`` draws of every chain: those that steps ``step .. step + count - 1`` would make.

    A lane that has finished a draw continues with the chain that has the fewest, its own or a waiting
    one. The draws of a chain depend only on its key and state, not on when or in which lane they are made.
    Every chain makes the same number: stopping at a total number of draws would favour short trajectories.

    Args:
        machine: State machine of one chain.
        keys: Keys of the chains ``[chain]``; the randomness of step t is ``fold_in(key, t)``.
        states: States of the chains, with a leading chain axis.
        step: Number of steps made before ``[]``.
        count: Number of draws to make ``[]``, at most as many as the buffer has rows.
        buffer: Draws ``[row, chain, *event]``, to write to.
        num_lanes: Number of lanes, at most that of chains.

    Returns:
        The states after; the draws ``[row, chain, *event]``, of which the first ``count`` rows are written;
        and the number of steps, each of which made one evaluation in every lane.

    Reference:
        Dance, Glaser, Orbanz and Adams (2025), "Efficiently Vectorized MCMC on Modern Accelerators",
        arXiv 2503.17405.
    """
    (num_chains,) = keys.shape

    def lacking(made: Array) -> Array:
        return made < count  # [chain]

    def init_work(chain: Array, state: PyTree, made: Array) -> PyTree:
        draw_keys = jax.vmap(fold_in)(keys[chain], step + made[chain].astype(step.dtype))
        return jax.vmap(machine.init)(draw_keys, state)

    def step_all(lanes: Lanes) -> Lanes:
        work = jax.vmap(machine.step)(lanes.state, lanes.work)
        if machine.finish_stage is not None:
            work = select_tree(work.stage_done, jax.vmap(machine.finish_stage)(work), work)
        return lanes._replace(work=select_tree(lanes.work.done, lanes.work, work))

    def body(carry: tuple) -> tuple:
        states, made, lanes, buffer, num_steps = carry
        busy = lanes.chain < num_chains  # [lane]
        enough = jnp.minimum(jnp.sum(busy), 1 + jnp.sum(busy) // PATIENCE)
        lanes, num_steps = jax.lax.while_loop(
            lambda carry: jnp.sum(carry[0].work.done & busy) < enough,
            lambda carry: (step_all(carry[0]), carry[1] + 1),
            (lanes, num_steps),
        )
        finished = lanes.work.done & busy  # [lane]
        new, draws = jax.vmap(machine.finalize)(lanes.state, lanes.work)
        row = made[lanes.chain]
        written = jnp.where(finished, lanes.chain, num_chains)  # out of range, hence dropped, if unfinished

        def put(rows: Array, one: Array) -> Array:
            return rows.at[jnp.minimum(row, len(rows) - 1), written].set(one, mode="drop")

        buffer = jax.tree.map(put, buffer, draws)
        states = jax.tree.map(lambda old, one: old.at[written].set(one, mode="drop"), states, new)
        made = made.at[written].add(1, mode="drop")

        chain = next_chains(lanes.chain, finished, made, lacking(made))
        state = read_chains(states, chain)
        work = select_tree(finished | ~busy, init_work(chain, state, made), lanes.work)
        return states, made, Lanes(chain, state, work), buffer, num_steps

    made = jnp.zeros(num_chains, jnp.int32)
    chain = jnp.arange(num_lanes)
    state = read_chains(states, chain)
    lanes = Lanes(chain, state, init_work(chain, state, made))
    states, _, _, buffer, num_steps = jax.lax.while_loop(
        lambda carry: jnp.any(lacking(carry[1])), body, (states, made, lanes, buffer, jnp.uint32(0))
    )
    return states, buffer, num_steps


def next_chains(chain: Array, finished: Array, made: Array, lacking: Array) -> Array:
    """Choose the chain that each lane moves next ``[lane]``; the number of chains for an idle lane.

    Args:
        chain: Chain that each lane moves now ``[lane]``.
        finished: Whether that chain has just finished a draw ``[lane]``.
        made: Number of draws of each chain, that one included ``[chain]``.
        lacking: Whether each chain is to make more ``[chain]``.
    """
    (num_chains,) = made.shape
    free = finished | (chain == num_chains)  # [lane]
    moving = jnp.zeros(num_chains, bool).at[jnp.where(free, num_chains, chain)].set(True, mode="drop")
    waiting = lacking & ~moving  # [chain]
    fewest = jnp.min(made, initial=jnp.iinfo(made.dtype).max, where=waiting)
    is_next = waiting & (made == fewest)  # [chain]
    place = jnp.where(is_next, jnp.cumsum(is_next) - 1, num_chains)
    # The chains in turn, then num_chains. (A search in the sum by every lane would be a loop.)
    queue = jnp.full(num_chains, num_chains).at[place].set(jnp.arange(num_chains), mode="drop")
    chosen = queue.at[jnp.cumsum(free) - 1].get(mode="fill", fill_value=num_chains)  # [lane]
    # A lane that gets none keeps its own chain, if no other lane has chosen it and it lacks draws.
    keeps = finished & lacking[chain] & (made[chain] > fewest)
    own = jnp.where(keeps | ~free, chain, num_chains)
    return jnp.where(free & (chosen < num_chains), chosen, own)


def read_chains(states: PyTree, chain: Array) -> PyTree:
    """Return the states of these chains."""
    return jax.tree.map(lambda leaf: leaf[chain], states)
