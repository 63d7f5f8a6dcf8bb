"""Run any sampler: one loop over chains and draws, in compiled chunks."""

import functools
import inspect
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
from rich.progress import Progress

from jgen._internal import buffers
from jgen._internal.compiled import jit, reads_once
from jgen.sampling.acceptance_check import acceptance_flags
from jgen.sampling.chains import Cost, RunState, add, costs, draws_shapes, longest, start, step_chains
from jgen.sampling.lanes import run_lanes, state_machine_of
from jgen.sampling.reducers.fold import compute, fold, init_reducers
from jgen.types import Adaptation, Array, Draws, Key, PyTree, Reducer, Sampler

MIN_STEPS, MAX_STEPS = 16, 1024
"""Bounds on the default number of steps in a chunk."""
CACHED_BYTES, MAX_BYTES = 2 * 2**20, 64 * 2**20
"""Bytes of a chunk of draws on the device: what stays in cache while the host copies it, and the maximum."""


class Run(NamedTuple):
    """Result of a run.

    Attributes:
        draws: Host arrays ``[chain, draw, *event]``; None if they were not stored.
        reduced: Result of each reducer, by name.
        state: State after the last draw.
        cost: Cost of the draws.
        warmup_cost: Cost of warm-up; ``init``, one evaluation a chain, is in neither.
        executed: Evaluations that the program made for these draws: those of ``cost``, and unused ones of
            chains whose step had ended before that of others.
        reducer_states: States of the reducers, by name; ``resume`` continues from these and ``state``.
        flags: Sentences that say what is wrong, such as an acceptance rate far from what warm-up aimed at;
            empty where nothing is.
    """

    draws: Draws | None
    reduced: Mapping[str, Any]
    state: RunState
    cost: Cost
    warmup_cost: Cost
    executed: int = 0
    reducer_states: Mapping[str, PyTree] | None = None
    flags: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return two lines, kind and number of draws, then what they cost, and one for each flag."""
        num_chains = len(self.state.keys)
        stored = "no draws stored"
        if self.draws is not None:
            lead = jax.tree.leaves(self.draws.value)[0].shape[1]
            stored = f"{lead} {self.draws.kind.value} draws each"
        return (
            f"Run({num_chains} chains, {stored})\n"
            f"  cost: {self.cost.num_grads:,} gradients, {self.cost.num_log_densities:,} log densities; "
            f"of warm-up: {self.warmup_cost.num_grads:,} and {self.warmup_cost.num_log_densities:,}"
            + "".join(f"\n  {flag}" for flag in self.flags)
        )

    @property
    def utilisation(self) -> float:
        """Fraction of executed evaluations that were useful; 1 where nothing is evaluated.

        When all chains step together, a draw takes as long as that of the slowest chain. With nested loops
        (``thin`` around ``nuts``) it takes longer, and this is an upper bound.
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
    """Run a sampler: ``start``, then ``resume``.

    Chains are vmapped and draws are made in compiled chunks, so one compilation serves any length.
    Chain i draws the same numbers alone, among 8 or among 256, in chunks of any size, resumed or not:
    its key is ``fold_in(key, i)``. (Only a warm-up that pools its chains couples them.)

    Args:
        key: The run's key, ``jax.random.key(0)``.
        sampler: Any sampler.
        num_draws: Number of draws per chain.
        num_chains: Number of chains.
        position: Start of Markov chains, with a leading chain axis on every array; None for samplers
            that need no start.
        num_warmup: Number of steps before the first draw; their draws are not stored.
        adaptation: Adaptation during warm-up; the draws after it come from a fixed kernel.
        first_chain: Number of the first chain, to run part of a larger run.
        **options: Passed on to ``resume``: ``reducers``, ``store``, ``progress``, ``stop``, ``save``,
            ``chunk_size``, ``num_lanes``.

    Returns:
        The draws, the results of the reducers, the state to resume from, and the counted cost.

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
    warm_up: dict[str, Any] = {"num_warmup": num_warmup, "adaptation": adaptation, "first_chain": first_chain}
    state, warmup_cost = start(key, sampler, num_chains=num_chains, position=position, **warm_up)
    run = resume(state, sampler, num_draws=num_draws, **options)._replace(warmup_cost=warmup_cost)
    if adaptation is None or adaptation.target_acceptance is None or run.draws is None:
        return run
    return run._replace(flags=acceptance_flags(run.draws, adaptation.target_acceptance))


@reads_once
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
    """Continue a run; ``n`` draws and then ``n`` more are the same as ``2n``.

    Args:
        state: From ``start``, an earlier ``Run``, or a checkpoint.
        sampler: The sampler that made the state.
        num_draws: Number of draws per chain, at most.
        reducers: Folds over the draws, by name.
        reducer_states: ``Run.reducer_states`` of the run to continue; None starts the reducers with the
            draws of this call.
        store: Whether to store the draws; without, memory does not grow with their number.
        progress: Whether to show a progress bar.
        stop: Called after each chunk with the run so far; True ends it.
        save: Called after each chunk with the run so far; save ``(run.state, run.reducer_states)``.
        chunk_size: Number of steps between two such calls; structural: a new size compiles again. By
            default as many as make 2 MiB of draws, at most 1024, and at least 16 unless these make more
            than 64 MiB.
        num_lanes: For samplers whose draws take different numbers of evaluations, as ``nuts``. None steps
            all chains together, so that each draw takes as long as the slowest. A number runs that many
            chains at a time, independently of each other, with the same draws; with an eighth of
            ``num_chains`` a lane is rarely idle (see ``Run.utilisation``). Structural.

    Returns:
        The draws of this call, and the state to continue from.

    Raises:
        ValueError: If ``num_draws`` or ``chunk_size`` is below 1, ``num_lanes`` is above the number of
            chains, the sampler's step runs no ``StateMachine``, or ``reducer_states`` are not those of
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
    if num_lanes is not None:
        state_machine_of(sampler, num_lanes, num_chains)
    shapes = draws_shapes(sampler, state)
    if chunk_size is None:
        row_bytes = max(buffers.row_bytes(shapes), 1)
        small, large = (max(1, size // row_bytes) for size in (CACHED_BYTES, MAX_BYTES))
        chunk_size = min(max(MIN_STEPS, min(small, MAX_STEPS)), large)
    if chunk_size < 1:
        raise ValueError(f"chunk_size must be at least 1; got {chunk_size}")
    reducers = dict(reducers or {})
    reducer_states = init_reducers(reducers, shapes, reducer_states)
    stored = buffers.allocate_on_host(buffers.buffer_shapes(num_draws, shapes)) if store else None
    cost, executed, made, taken = Cost(0, 0), 0, 0, 0
    options = {"size": chunk_size, "store": store, "num_lanes": num_lanes}

    # The device makes a chunk while the host copies the one before, unless the run is inspected in between.
    chunks: deque[tuple[int, Draws, Any]] = deque()
    ahead = 1 if stop is None and save is None else 0

    def run_so_far() -> Run:
        draws = jax.tree.map(lambda leaf: buffers.first_rows(leaf, taken).swapaxes(0, 1), stored)
        reduced = compute(reducers, reducer_states)
        return Run(draws, reduced, state, cost, Cost(0, 0), executed, reducer_states)

    with Progress(disable=not progress, transient=True) as bar:
        task = bar.add_task("sampling", total=num_draws)
        while taken < num_draws:
            while made < num_draws and len(chunks) <= ahead:
                count = min(chunk_size, num_draws - made)
                state, reducer_states, buffer, num_steps = _chunk(
                    sampler, reducers, state, reducer_states, count, **options
                )
                chunks.append((count, buffer, num_steps))
                made += count
            count, buffer, num_steps = chunks.popleft()
            if store:
                buffers.copy_rows(stored, taken, count, buffer)
            taken += count
            cost = add(cost, buffer, count)
            executed += (
                num_chains * longest(buffer, count) if num_lanes is None else num_lanes * int(num_steps)
            )
            bar.update(task, completed=taken)
            if save is not None:
                save(run_so_far())
            if stop is not None and stop(run_so_far()):
                break
    return run_so_far()


@functools.partial(jit, static_argnames=("size", "store", "num_lanes"))
def _chunk(
    sampler: Sampler,
    reducers: dict[str, Reducer],
    state: RunState,
    reducer_states: dict[str, PyTree],
    count: Array,
    *,
    size: int,
    store: bool,
    num_lanes: int | None,
) -> tuple[RunState, dict[str, PyTree], Draws, Array | None]:
    """Make ``count <= size`` steps and write their draws, or costs, to a buffer of ``size`` rows.

    Over lanes, the same steps; also return their number of global steps.
    """
    shapes = buffers.buffer_shapes(size, draws_shapes(sampler, state))
    if num_lanes is not None:
        machine = state_machine_of(sampler, num_lanes, len(state.keys))
        states, buffer, num_steps = run_lanes(machine, *state, count, buffers.zeros(shapes), num_lanes)

        def fold_row(index: Array, reducer_states: dict[str, PyTree]) -> dict[str, PyTree]:
            return fold(reducers, reducer_states, buffers.read(buffer, index))

        reducer_states = jax.lax.fori_loop(0, count, fold_row, reducer_states)
        state = RunState(state.keys, states, state.step + count)
        return state, reducer_states, buffer if store else costs(buffer), num_steps

    def body(index: Array, carry: tuple) -> tuple:
        state, reducer_states, buffer = carry
        state, draws = step_chains(sampler, state)
        reducer_states = fold(reducers, reducer_states, draws)
        buffer = buffers.write_row(buffer, index, draws if store else costs(draws))
        return state, reducer_states, buffer

    buffer = buffers.zeros(shapes if store else costs(shapes))
    return (*jax.lax.fori_loop(0, count, body, (state, reducer_states, buffer)), None)
