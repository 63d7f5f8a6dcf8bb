"""The loop that runs a train step in compiled chunks, whatever brings the data."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial, reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.binding import as_partial
from jgen._internal.buffers import write
from jgen._internal.threefry import written_out
from jgen.types import Array, Key, PyTree, TrainState

Step = Callable[[TrainState, PyTree], tuple[TrainState, Mapping[str, Array]]]
MakeBatch = Callable[[PyTree, Key, Array], PyTree]
Hook = Callable[[TrainState, Mapping[str, Any]], bool | None]
BATCH_STREAM = np.uint32(2**32 - 1)


class Training(NamedTuple):
    """What training hands back; a restart axis leads where the state had one.

    Attributes:
        state: The state after the last good step; continue from this one, the one given is donated.
        metrics: ``loss`` and the mean of each entry of ``aux``, as host arrays ``[step]``; the last
            row of a run that failed is the step that failed.
        failed: Whether the run met a loss or parameters that are not finite; the update that was
            refused is ``state.step``, and training leaves ``state`` as it was before it.
    """

    state: TrainState
    metrics: Mapping[str, Any]  # [restart, step] or [step]
    failed: np.ndarray  # [restart] or []


class NonFiniteError(FloatingPointError):
    """Training met a loss or parameters that are not finite; ``training`` holds the last good state."""

    def __init__(self, message: str, training: Training):
        super().__init__(message)
        self.training = training


def run_chunks(
    state: TrainState,
    step: Step,
    chunks: Iterable[tuple[PyTree, int]],
    make_batch: MakeBatch,
    chunk_size: int,
    on_chunk: Hook | None,
) -> Training:
    """The loop of ``train``, over chunks of steps that each bring their data and their number of steps."""
    if any(leaf.is_deleted() for leaf in jax.tree.leaves(state) if isinstance(leaf, jax.Array)):
        raise ValueError(
            "this state was consumed (donated) by an earlier train(); use the state that it returned, "
            "jax.tree.map(jnp.copy, state) before training, or a checkpoint"
        )
    step, make_batch = as_partial(step), as_partial(make_batch)
    alive = np.ones(state.step.shape, bool)
    taken_by_chunk: list[Mapping[str, Any]] = []
    for data, count in chunks:
        before, state, survivors, taken, buffer = _run_chunk(
            state, alive, step, make_batch, data, count, chunk_size=chunk_size
        )
        alive = np.asarray(survivors)
        taken_by_chunk.append(_to_host(buffer, int(taken)))
        if not alive.ndim and not alive:  # the same program again, up to the step that failed
            again = _run_chunk(before, ~alive, step, make_batch, data, int(taken) - 1, chunk_size=chunk_size)
            state = again[1]
        if not alive.any() or (on_chunk is not None and on_chunk(state, taken_by_chunk[-1]) is True):
            break
    metrics = jax.tree.map(lambda *parts: np.concatenate(parts, -1), *taken_by_chunk)
    training = Training(state, metrics, ~alive)
    if training.failed.all():
        raise NonFiniteError(_obituary(training), training)
    return training


def _to_host(buffer: Mapping[str, Any], rows: int) -> Mapping[str, Any]:
    return jax.tree.map(lambda metric: np.moveaxis(np.asarray(metric)[:rows], 0, -1), buffer)


@partial(jax.jit, static_argnames="chunk_size", donate_argnames="state")
def _run_chunk(
    state: TrainState,
    alive: Array,
    step: Step,
    make_batch: MakeBatch,
    data: PyTree,
    count: int,
    *,
    chunk_size: int,
) -> tuple[TrainState, TrainState, Array, Array, Mapping[str, Any]]:
    """The state before and after the chunk, which runs are alive, how many steps it took, and their metrics.

    A single run stops when it fails, and goes back to the state before the chunk: keeping the last good state
    at every step would cost a copy at every step. Of many runs, those that failed wait for the others.
    """
    advance = partial(_advance, step, make_batch, data)
    if alive.ndim:
        advance = jax.vmap(partial(_advance_or_wait, advance))
    empty = jax.tree.map(
        lambda row: jnp.zeros((chunk_size, *row.shape), row.dtype), jax.eval_shape(advance, state, alive)[2]
    )

    def more(carry: tuple) -> Array:
        index, _, alive, _ = carry
        return (index < count) & alive.any()

    def body(carry: tuple) -> tuple:
        index, state, alive, buffer = carry
        state, alive, row = advance(state, alive)
        return index + 1, state, alive, write(buffer, index, row)

    taken, after, alive, buffer = jax.lax.while_loop(
        more, body, (jnp.zeros((), jnp.int32), state, alive, empty)
    )
    return state, after, alive, taken, buffer


def _advance(
    step: Step, make_batch: MakeBatch, data: PyTree, state: TrainState, alive: Array
) -> tuple[TrainState, Array, Mapping[str, Array]]:
    """One step of one run, and whether what it led to is finite."""
    batch = make_batch(data, jax.random.fold_in(written_out(state.key), BATCH_STREAM), state.step)
    state, aux = step(state, batch)
    return state, alive & _finite((aux["loss"], state.params)), jax.tree.map(jnp.mean, aux)


def _advance_or_wait(
    advance: Callable[..., Any], state: TrainState, alive: Array
) -> tuple[TrainState, Array, Mapping[str, Array]]:
    """One step of one run among many; one that is not finite leaves the state as it was."""
    new, alive, row = advance(state, alive)
    return jax.lax.cond(alive, lambda: new, lambda: state), alive, row


def _finite(tree: PyTree) -> Array:
    """Whether all numbers are: the largest is NaN if one is. It costs a third of asking each."""
    leaves = [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    return jnp.isfinite(reduce(jnp.maximum, [jnp.abs(leaf).max(initial=0) for leaf in leaves]))


def _obituary(training: Training) -> str:
    step, failed = np.asarray(training.state.step), "The state before that step is in .training.state"
    if step.ndim:
        return f"all {step.size} restarts failed, at steps {step.tolist()}. {failed}"
    loss = training.metrics["loss"][-1]
    what = "the update left parameters that are not finite" if np.isfinite(loss) else f"the loss is {loss}"
    return (
        f"training stopped at step {step}: {what}. {failed}; try a smaller learning rate, "
        "clip the gradient (optax.clip_by_global_norm), or look for bad rows: NaN among them, or values that "
        "the likelihood excludes (jgen.decoders.check_support)"
    )
