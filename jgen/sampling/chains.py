"""Place chains, step all of them together, warm them up and count the cost."""

import warnings
from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.buffers import buffer_shapes, write_row, zeros
from jgen._internal.compiled import jit, reads_once
from jgen._internal.threefry import as_threefry, fold_in
from jgen._internal.validation import check_count, is_traced
from jgen.types import Adaptation, Array, Draws, Key, PyTree, Sampler


class RunState(NamedTuple):
    """State from which ``resume`` continues a run; it can be saved or moved to other devices.

    Attributes:
        keys: One per chain ``[chain]``; the randomness of step t is ``fold_in(key, t)``.
        states: The sampler's states, with a leading chain axis.
        step: Steps made so far, warm-up included ``[]``.
    """

    keys: Key
    states: PyTree
    step: Array


class Cost(NamedTuple):
    """Counted evaluations of the target by all chains, in Python integers, which do not overflow."""

    num_grads: int
    num_log_densities: int


CHUNK_STEPS = 256
"""Number of steps in one compiled chunk of warm-up."""

MAX_ROUNDING = 0.05
"""Largest rounding of a log density, in nats, that goes without a warning."""


@reads_once
def start(
    key: Key,
    sampler: Sampler,
    *,
    num_chains: int = 4,
    position: PyTree | None = None,
    num_warmup: int = 0,
    adaptation: Adaptation | None = None,
    first_chain: int = 0,
) -> tuple[RunState, Cost]:
    """Place the chains and warm them up.

    Args:
        key: The run's key.
        sampler: Any sampler.
        num_chains: Number of chains.
        position: Start of Markov chains, with a leading chain axis on every array.
        num_warmup: Number of warm-up steps.
        adaptation: Adaptation during warm-up.
        first_chain: Number of the first chain.

    Returns:
        The state to ``resume`` from, and the cost of warm-up.

    Raises:
        ValueError: If a size is not positive, positions do not match ``num_chains``, a chain starts
            where the log density or its gradient is not finite, or there is adaptation
            without warm-up.
        TypeError: If the key is not a typed key.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import mala
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> state, cost = start(
        ...     jax.random.key(0), mala(log_density), num_chains=2, num_warmup=5, position=jnp.zeros((2, 1))
        ... )
        >>> int(state.step), cost.num_grads
        (5, 10)
    """
    if not jnp.issubdtype(getattr(key, "dtype", np.dtype(float)), jax.dtypes.prng_key) or key.shape != ():
        raise TypeError(f"sample takes one typed key, jax.random.key(0); got {key!r}")
    if is_traced((key, position, sampler)):
        raise TypeError(
            "a run compiles its own steps and copies its draws to the host, so it cannot be traced by jit, "
            "vmap or grad: call it outside of them (chains are vmapped already)"
        )
    check_count("num_chains", num_chains)
    for name, count in (("num_warmup", num_warmup), ("first_chain", first_chain)):
        check_count(name, count, least=0)
    if adaptation is not None and num_warmup == 0:
        raise ValueError("adaptation happens during warm-up; pass num_warmup >= 1, or no adaptation")
    for leaf in jax.tree.leaves(position):
        if jnp.shape(leaf)[:1] != (num_chains,):
            raise ValueError(
                f"position has an array of shape {jnp.shape(leaf)}; with num_chains={num_chains} its first "
                f"axis must be {num_chains}, e.g. jnp.broadcast_to(x, ({num_chains}, *x.shape))"
            )
    position = jax.tree.map(jnp.asarray, position)
    chains = np.arange(first_chain, first_chain + num_chains, dtype=np.uint32)
    state, adapted, cost = place(sampler, key, chains, position), None, Cost(0, 0)
    check_start(state.states)
    if adaptation is not None:
        adapted, states = _adaptation_init(adaptation, state.states)
        state = state._replace(states=states)
    for begin in range(0, num_warmup, CHUNK_STEPS):
        end = min(begin + CHUNK_STEPS, num_warmup)
        adapted, state, spent = _warm_chunk(sampler, adaptation, adapted, state, begin, end, num_warmup)
        cost = add(cost, spent, end - begin)
    return state, cost


@jit
def place(sampler: Sampler, key: Key, chains: Array, position: PyTree | None) -> RunState:
    """Initialise the chains of these numbers, each with its own keys and position."""
    keys = jax.vmap(jax.random.fold_in, (None, 0))(as_threefry(key), chains)
    init_keys, step_keys = jax.vmap(jax.random.split, out_axes=1)(keys)
    states = jax.vmap(sampler.init, axis_size=len(chains))(init_keys, position)
    return RunState(step_keys, states, jnp.uint32(0))


def step_chains(sampler: Sampler, state: RunState) -> tuple[RunState, Draws]:
    """Make one step of every chain."""
    keys = jax.vmap(fold_in, (0, None))(state.keys, state.step)
    states, draws = jax.vmap(sampler.step)(keys, state.states)
    return RunState(state.keys, states, state.step + 1), draws


# It keeps its traces: a second run traces nothing to find the shapes of its draws.
_step_chains = jit(step_chains)


def draws_shapes(sampler: Sampler, state: RunState) -> Draws:
    """Return the shapes of the draws of one step."""
    return _step_chains.shapes(sampler, state)[1]


def check_start(states: PyTree) -> None:
    """Check that every chain starts where its log density and gradient are finite.

    Raises:
        ValueError: If a ``log_density`` or a ``gradient`` is not finite.
    """
    advice = {
        "log_density": "start inside the support, at a position of finite log density",
        "gradient": "correct the log density (a NaN often comes from the branch of a jnp.where not taken), "
        "or start elsewhere",
    }
    for path, leaf in jax.tree_util.tree_leaves_with_path(states):
        name = getattr(path[-1], "name", "") if path else ""
        if name == "log_density":
            warn_of_rounding(np.asarray(leaf))
        if name in advice:
            values = np.asarray(leaf).reshape(leaf.shape[0], -1)
            chain, coordinate = np.nonzero(~np.isfinite(values))
            if chain.size:
                raise ValueError(
                    f"{np.unique(chain).size} of {len(values)} chains start where the {name} is not finite "
                    f"(chain {chain[0]}: {values[chain[0], coordinate[0]]}); {advice[name]}"
                )


def warn_of_rounding(log_density: np.ndarray) -> None:
    """Warn once where the steps of the log density's type are too coarse for an acceptance probability."""
    step = np.spacing(np.abs(log_density[np.isfinite(log_density)])).max(initial=0.0)
    if step > MAX_ROUNDING:
        warnings.warn(
            f"the log density is about {np.abs(log_density).max():.3g}, where {log_density.dtype} has steps "
            f"of {step:.2g} nats: the draws are those of the density as rounded. Leave constants out of the "
            "log density, or compute in float64 (JAX_ENABLE_X64=1)",
            stacklevel=4,
        )


def costs(draws: Draws) -> Draws:
    """Return only the counted costs of draws."""
    return replace(draws, value=None, info={name: draws.info[name] for name in Cost._fields}, log_weight=None)


def add(cost: Cost, draws: Draws, count: int) -> Cost:
    """Add the costs of the first ``count`` rows ``[draw, chain]``, in integers that do not overflow."""
    rows = [np.asarray(draws.info[name])[:count] for name in Cost._fields]
    sums = [count * int(row.sum(dtype=np.int64)) // len(row) for row in rows]  # a constant cost has one row
    return Cost(*(old + new for old, new in zip(cost, sums, strict=True)))


def longest(draws: Draws, count: int) -> int:
    """Count evaluations made in sequence where each row ``[draw, chain]`` waits for its slowest chain."""
    rows = [np.asarray(draws.info[name])[:count] for name in Cost._fields]
    evaluations = rows[0] + rows[1]
    return count * int(np.max(evaluations, axis=1).sum(dtype=np.int64)) // len(evaluations)


@jit
def _adaptation_init(adaptation: Adaptation, states: PyTree) -> tuple[PyTree, PyTree]:
    return adaptation.init(states)


@jit
def _warm_chunk(
    sampler: Sampler,
    adaptation: Adaptation | None,
    adapted: PyTree,
    state: RunState,
    first: Array,
    end: Array,
    num_warmup: Array,
) -> tuple[PyTree, RunState, Draws]:
    spent = zeros(buffer_shapes(CHUNK_STEPS, costs(jax.eval_shape(step_chains, sampler, state)[1])))

    def body(index: Array, carry: tuple) -> tuple:
        adapted, state, spent = carry
        state, draws = step_chains(sampler, state)
        if adaptation is not None:
            updated = adaptation.update(adapted, state.states, draws, index, num_warmup)
            # The types of the start stay, whatever JAX's default float type makes of an update.
            adapted, states = jax.tree.map(
                lambda new, old: new.astype(old.dtype), updated, (adapted, state.states)
            )
            state = state._replace(states=states)
        return adapted, state, write_row(spent, index - first, costs(draws))

    return jax.lax.fori_loop(first, end, body, (adapted, state, spent))
