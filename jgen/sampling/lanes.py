"""Lanes: machines driven in global steps of one evaluation, every chain at its own pace.

Chains that move together (``population.advance``) wait, after every draw, for the one that takes
longest. Here a chain that has made a draw begins its next one while the others are still at theirs.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgen._internal.threefry import fold_in
from jgen.samplers.state_machine import StateMachine
from jgen.types import Array, Draws, Key, PyTree, Sampler

PATIENCE = 8
"""Finished lanes wait until they are one in this many: to finish and begin costs as much as turns do."""


class Lanes(NamedTuple):
    """What is under way.

    Attributes:
        chain: The chain that a lane moves ``[lane]``; the number of chains where it moves none.
        state: That chain's state, with a leading lane axis.
        work: Its machine's work, likewise.
    """

    chain: Array
    state: PyTree
    work: PyTree


def state_machine_of(sampler: Sampler, num_lanes: int, num_chains: int) -> StateMachine:
    """The machine that a sampler's step turns until it is done, for so many lanes to turn instead.

    Raises:
        ValueError: If its step is no such loop, or there are more lanes than chains.
    """
    if not 1 <= num_lanes <= num_chains:
        raise ValueError(f"num_lanes must lie between 1 and num_chains = {num_chains}; got {num_lanes}")
    bound = sampler.step.args
    if len(bound) == 1 and isinstance(bound[0], StateMachine):
        return bound[0]
    name = getattr(sampler.step.func, "__name__", sampler.step.func)
    raise ValueError(
        "num_lanes is for a sampler whose step turns a Machine, one evaluation a turn (nuts, slice_sampler, "
        f"accept_reject), with no transform around it; the step of this one is {name}: leave num_lanes out"
    )


def run_lanes(
    machine: StateMachine,
    keys: Key,
    states: PyTree,
    step: Array,
    count: Array,
    *,
    size: int,
    num_lanes: int,
) -> tuple[PyTree, Draws, Array]:
    """Makes ``count`` draws of every chain, those that steps ``step .. step + count - 1`` would make.

    A lane that has finished a draw goes on with the chain that has the fewest, its own or one that
    waits. A chain's draws depend on its key and its state alone, never on when or where they are made. Every
    chain makes the same number: to stop when there are enough in all would favour short trajectories.

    Args:
        machine: One chain's.
        keys: Of the chains ``[chain]``; the randomness of step t is ``fold_in(key, t)``.
        states: Of the chains, with a leading chain axis.
        step: Steps made before ``[]``.
        count: Draws to make ``[]``, at most ``size``.
        size: Rows of the buffer.
        num_lanes: Lanes, at most as many as chains.

    Returns:
        The states after; the draws, ``[size, chain, *event]``, of which the first ``count`` rows are written;
        and the number of turns, each of which made one evaluation in every lane.

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

    def turn(lanes: Lanes) -> Lanes:
        work = jax.vmap(machine.step)(lanes.state, lanes.work)
        if machine.finish_stage is not None:
            work = _select(work.stage_done, jax.vmap(machine.finish_stage)(work), work)
        return lanes._replace(work=_select(lanes.work.done, lanes.work, work))

    def turn_until_some_finish(lanes: Lanes, turns: Array) -> tuple[Lanes, Array]:
        busy = lanes.chain < num_chains  # [lane]
        enough = jnp.minimum(jnp.sum(busy), 1 + jnp.sum(busy) // PATIENCE)
        return jax.lax.while_loop(
            lambda carry: jnp.sum(carry[0].work.done & busy) < enough,
            lambda carry: (turn(carry[0]), carry[1] + 1),
            (lanes, turns),
        )

    def body(carry: tuple) -> tuple:
        states, made, lanes, buffer, turns = carry
        lanes, turns = turn_until_some_finish(lanes, turns)
        finished = lanes.work.done & (lanes.chain < num_chains)  # [lane]
        new, draws = jax.vmap(machine.finalize)(lanes.state, lanes.work)
        row = made[lanes.chain]
        written = jnp.where(finished, lanes.chain, num_chains)  # out of range, hence dropped, if unfinished
        buffer = jax.tree.map(lambda rows, one: rows.at[row, written].set(one, mode="drop"), buffer, draws)
        states = jax.tree.map(lambda old, one: old.at[written].set(one, mode="drop"), states, new)
        made = made.at[written].add(1, mode="drop")

        chain = next_chains(lanes.chain, finished, made, lacking(made))
        state = _read(states, chain)
        begins = finished | (lanes.chain == num_chains)
        work = _select(begins, init_work(chain, state, made), lanes.work)
        return states, made, Lanes(chain, state, work), buffer, turns

    made = jnp.zeros(num_chains, jnp.int32)
    chain = jnp.arange(num_lanes)
    state = _read(states, chain)
    lanes = Lanes(chain, state, init_work(chain, state, made))
    shapes = jax.eval_shape(jax.vmap(machine.finalize), state, lanes.work)[1]
    buffer = jax.tree.map(lambda leaf: jnp.zeros((size, num_chains, *leaf.shape[1:]), leaf.dtype), shapes)
    states, _, _, buffer, turns = jax.lax.while_loop(
        lambda carry: jnp.any(lacking(carry[1])), body, (states, made, lanes, buffer, jnp.uint32(0))
    )
    return states, buffer, turns


def next_chains(chain: Array, finished: Array, made: Array, lacking: Array) -> Array:
    """Which chain each lane moves next ``[lane]``; the number of chains where there is none to move.

    Args:
        chain: Which it moves now ``[lane]``.
        finished: Whether that one has just finished a draw ``[lane]``.
        made: Draws of each chain, that one included ``[chain]``.
        lacking: Whether it is to make more ``[chain]``.
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
    # Then a lane keeps its own chain, if that has not been chosen too and lacks draws.
    keeps = finished & lacking[chain] & (made[chain] > fewest)
    own = jnp.where(keeps | ~free, chain, num_chains)
    return jnp.where(free & (chosen < num_chains), chosen, own)


def _read(states: PyTree, chain: Array) -> PyTree:
    return jax.tree.map(lambda leaf: leaf[chain], states)


def _select(condition: Array, new: PyTree, old: PyTree) -> PyTree:
    def pick(a: Array, b: Array) -> Array:
        return jnp.where(condition.reshape(condition.shape + (1,) * (a.ndim - 1)), a, b)

    return jax.tree.map(pick, new, old)
