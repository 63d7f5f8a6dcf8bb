"""The driver: one loop for every sampler, over chains and draws, in chunks."""

import functools
import inspect
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from rich.progress import Progress

from jgen._internal import buffers
from jgen.samplers.state_machine import StateMachine
from jgen.sampling.chains import Cost, RunState, add, advance, costs, draws_of, longest, start
from jgen.sampling.lanes import run_lanes, state_machine_of
from jgen.sampling.reducers.fold import begin, fold, results
from jgen.types import Adaptation, Array, Draws, Key, PyTree, Reducer, Sampler

FEWEST, MOST = 16, 1024
"""Steps of a chunk, as many as make it small, so long as it is not large."""
SMALL, LARGE = 2 * 2**20, 64 * 2**20
"""Bytes of a chunk of draws on the device: what stays in its cache while the host takes it, and the most."""


class Run(NamedTuple):
    """What a run leaves.

    Attributes:
        draws: Host arrays ``[chain, draw, *event]``; None if they were not stored.
        reduced: What each reducer made of the draws, by name.
        state: Where the run stands.
        cost: Spent on the draws.
        warmup_cost: Spent on warm-up; ``init``, one evaluation a chain, is in neither.
        executed: Evaluations that the program made for these draws: those of ``cost``, and those of chains
            that had to wait for others.
        reducer_states: What the reducers carry, by name: with ``state``, all that ``resume`` needs to go on.
    """

    draws: Draws | None
    reduced: Mapping[str, Any]
    state: RunState
    cost: Cost
    warmup_cost: Cost
    executed: int = 0
    reducer_states: Mapping[str, PyTree] | None = None

    @property
    def utilisation(self) -> float:
        """Useful over executed evaluations; 1 where nothing is evaluated.

        Where all chains move together, each draw makes every chain wait for the one that needs most. A loop
        inside a loop (``thin`` around ``nuts``) makes them wait longer still: there it is an upper bound.
        """
        return sum(self.cost) / self.executed if self.executed else 1.0


def sample(
    key: Key,
    sampler: Sampler,
    *,
    num_draws: int,
    num_chains: int = 4,
    position: PyTree | None = None,
    num_warmup: int = 0,
    adaptation: Adaptation | None = None,
    first_chain: int = 0,
    **options: Any,
) -> Run:
    """Runs a sampler: ``start``, then ``resume``.

    Chains are vmapped and draws are made in compiled chunks, so one compilation serves any length.
    Chain i draws the same numbers alone, among 8 or among 256, in chunks of any size, resumed or not:
    its key is ``fold_in(key, i)``. (Warm-up that pools what chains learn is the one thing that
    couples them.)

    Args:
        key: The run's key, ``jax.random.key(0)``.
        sampler: Any sampler.
        num_draws: Draws a chain.
        num_chains: Chains, or particles.
        position: Where Markov chains start, with a leading chain axis on every array; None for
            samplers that need no start.
        num_warmup: Steps before the first draw; their draws are not kept.
        adaptation: What learns during warm-up. It is off afterwards: sampling does not know it.
        first_chain: Number of the first chain, to run part of a larger run.
        **options: Passed on to ``resume``: ``reducers``, ``store``, ``progress``, ``stop``, ``save``,
            ``chunk_size``, ``num_lanes``.

    Returns:
        The draws, what reducers made of them, the state to resume from, and the counted cost.

    Raises:
        ValueError: If a size is not positive, positions do not match ``num_chains``, a chain starts
            where the log density or its gradient is not finite, or there is adaptation
            without warm-up.
        TypeError: If the key is not a typed key.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.adaptation import window
        >>> from jgen.samplers import nuts
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> run = sample(
        ...     jax.random.key(0), nuts(log_density), num_draws=200, num_chains=4,
        ...     num_warmup=200, adaptation=window(), position=jnp.ones((4, 3)),
        ... )
        >>> run.draws.value.shape
        (4, 200, 3)
    """
    if num_draws < 1:
        raise ValueError(f"num_draws must be at least 1; got {num_draws}")
    inspect.signature(resume).bind(None, sampler, num_draws=num_draws, **options)  # before the warm-up
    if options.get("num_lanes") is not None:
        state_machine_of(sampler, options["num_lanes"], num_chains)
    state, warmup_cost = start(
        key,
        sampler,
        num_chains=num_chains,
        position=position,
        num_warmup=num_warmup,
        adaptation=adaptation,
        first_chain=first_chain,
    )
    return resume(state, sampler, num_draws=num_draws, **options)._replace(warmup_cost=warmup_cost)


def resume(
    state: RunState,
    sampler: Sampler,
    *,
    num_draws: int,
    reducers: Mapping[str, Reducer] | None = None,
    reducer_states: Mapping[str, PyTree] | None = None,
    store: bool = True,
    progress: bool = False,
    stop: Callable[[Run], bool] | None = None,
    save: Callable[[Run], object] | None = None,
    chunk_size: int | None = None,
    num_lanes: int | None = None,
) -> Run:
    """Goes on from a state; ``n`` draws and ``n`` more are the same as ``2n``.

    Args:
        state: From ``start``, an earlier ``Run``, or a checkpoint.
        sampler: The sampler that made the state.
        num_draws: Draws a chain, at most.
        reducers: Folds over the draws, by name.
        reducer_states: ``Run.memories`` of the run that is resumed: its reducers go on where they were.
        None lets
            them begin with the draws of this call.
        store: Whether to keep the draws; without, memory does not grow with their number.
        progress: Whether to show a progress bar.
        stop: Asked after each chunk with the run so far; True ends it.
        save: Called after each chunk with the run so far; ``(run.state, run.memories)`` is what to keep.
        chunk_size: Steps between two such moments; structural, a new size compiles anew. By default as
            many as make 2 MiB of draws, but no more than 1024, and 16 at least unless they would make more
            than 64 MiB.
        num_lanes: For samplers whose draws take different numbers of evaluations, as ``nuts``. None moves
            all chains together, each draw taking as long as its longest. A number moves that many chains at
            a time, each at its own pace, and makes the same draws; with an eighth of ``num_chains`` a lane
            is hardly ever idle (see ``Run.utilisation``). Structural, a new number compiles anew.

    Returns:
        The draws of this call, and the state to go on from.

    Raises:
        ValueError: If ``num_draws`` or ``chunk_size`` is below 1, ``num_lanes`` is above the number of
            chains, the sampler's step is not made of turns, or ``reducer_states`` are not those of
            ``reducers``.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> from jgen.sampling.reducers import moments
        >>> from jgen.samplers import direct
        >>> sampler = direct(dist.Normal(0.0, 1.0))
        >>> state, _ = start(jax.random.key(0), sampler, num_chains=2)
        >>> folds = {"moments": moments()}
        >>> whole = resume(state, sampler, num_draws=6, reducers=folds)
        >>> half = resume(state, sampler, num_draws=3, reducers=folds)
        >>> rest = resume(
        ...     half.state, sampler, num_draws=3, reducers=folds, reducer_states=half.reducer_states
        ... )
        >>> bool((whole.draws.value[:, 3:] == rest.draws.value).all())
        True
        >>> bool(whole.reduced["moments"].mean == rest.reduced["moments"].mean)
        True
    """
    if num_draws < 1:
        raise ValueError(f"num_draws must be at least 1; got {num_draws}")
    num_chains = len(state.keys)
    machine = None if num_lanes is None else state_machine_of(sampler, num_lanes, num_chains)
    shapes, still = draws_of(sampler, state)
    if num_lanes is not None:
        still = (False,) * len(still)
    if chunk_size is None:
        moved = [leaf for leaf, same in zip(jax.tree.leaves(shapes), still, strict=True) if not same]
        draw_bytes = sum(map(buffers.num_bytes, moved))
        small, large = (max(1, size // max(draw_bytes, 1)) for size in (SMALL, LARGE))
        chunk_size = min(max(FEWEST, min(small, MOST)), large)
    if chunk_size < 1:
        raise ValueError(f"chunk_size must be at least 1; got {chunk_size}")
    reducers = dict(reducers or {})
    reducer_states = begin(reducers, shapes, reducer_states)
    stored = buffers.on_host(buffers.rows(num_draws, shapes, still)) if store else None
    cost, executed, made, taken = Cost(0, 0), 0, 0, 0
    options = {"size": chunk_size, "store": store}
    make = functools.partial(_chunk, sampler, reducers, **options, still=still)
    if num_lanes is not None:
        make = functools.partial(_lanes_chunk, machine, reducers, **options, num_lanes=num_lanes)

    # The device makes a chunk while the host takes the one before, unless someone wants to see the run there.
    chunks: deque[tuple[int, Draws, Any]] = deque()
    ahead = 1 if stop is None and save is None else 0

    def run_so_far() -> Run:
        draws = jax.tree.map(lambda leaf: buffers.repeated(leaf, taken).swapaxes(0, 1), stored)
        return Run(
            draws, results(reducers, reducer_states), state, cost, Cost(0, 0), executed, reducer_states
        )

    with Progress(disable=not progress, transient=True) as bar:
        task = bar.add_task("sampling", total=num_draws)
        while taken < num_draws:
            while made < num_draws and len(chunks) <= ahead:
                count = min(chunk_size, num_draws - made)
                state, reducer_states, buffer, turns = make(state, reducer_states, count)
                chunks.append((count, buffer, turns))
                made += count
            count, buffer, turns = chunks.popleft()
            if store:
                buffers.take(stored, taken, count, buffer)
            taken += count
            cost = add(cost, buffer, count)
            executed += num_chains * longest(buffer, count) if num_lanes is None else num_lanes * int(turns)
            bar.update(task, completed=taken)
            if save is not None:
                save(run_so_far())
            if stop is not None and stop(run_so_far()):
                break
    return run_so_far()


@functools.partial(jax.jit, static_argnames=("size", "store", "still"))
def _chunk(
    sampler: Sampler,
    reducers: dict[str, Reducer],
    state: RunState,
    reducer_states: dict[str, PyTree],
    count: Array,
    *,
    size: int,
    store: bool,
    still: tuple[bool, ...],
) -> tuple[RunState, dict[str, PyTree], Draws, None]:
    """``count <= size`` steps; a buffer of ``size`` draws, or of their costs, the first ``count`` written.

    What is still has one row, to which every index is clipped.
    """
    shapes = buffers.rows(size, draws_of(sampler, state)[0], still)
    buffer = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes if store else costs(shapes))

    def body(index: Array, carry: tuple) -> tuple:
        state, reducer_states, buffer = carry
        state, draws = advance(sampler, state)
        reducer_states = fold(reducers, reducer_states, draws)
        buffer = buffers.write(buffer, index, draws if store else costs(draws))
        return state, reducer_states, buffer

    return (*jax.lax.fori_loop(0, count, body, (state, reducer_states, buffer)), None)


@functools.partial(jax.jit, static_argnames=("size", "store", "num_lanes"))
def _lanes_chunk(
    machine: StateMachine,
    reducers: dict[str, Reducer],
    state: RunState,
    reducer_states: dict[str, PyTree],
    count: Array,
    *,
    size: int,
    store: bool,
    num_lanes: int,
) -> tuple[RunState, dict[str, PyTree], Draws, Array]:
    """The same, every chain at its own pace; and how many turns it took."""
    states, buffer, turns = run_lanes(
        machine, state.keys, state.states, state.step, count, size=size, num_lanes=num_lanes
    )

    def take(index: Array, reducer_states: dict[str, PyTree]) -> dict[str, PyTree]:
        return fold(reducers, reducer_states, jax.tree.map(lambda rows: rows[index], buffer))

    reducer_states = jax.lax.fori_loop(0, count, take, reducer_states)
    state = RunState(state.keys, states, state.step + count)
    return state, reducer_states, buffer if store else costs(buffer), turns
