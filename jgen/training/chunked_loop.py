"""Run a train step in compiled chunks, for any source of data."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial, reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.binding import as_partial
from jgen._internal.buffers import write_row
from jgen._internal.compiled import jit, reads_once
from jgen._internal.threefry import written_out
from jgen.types import Array, Key, PyTree, TrainState

Step = Callable[[TrainState, PyTree], tuple[TrainState, Mapping[str, Array]]]
MakeBatch = Callable[[PyTree, Key, Array], PyTree]
Hook = Callable[[TrainState, Mapping[str, Any]], bool | None]
Advanced = tuple[TrainState, Array, Mapping[str, Array]]
BATCH_STREAM = np.uint32(2**32 - 1)


class Training(NamedTuple):
    """Result of training, with a leading restart axis if the state had one.

    Attributes:
        state: State after the last finite step; continue from this one, since the argument was donated.
        metrics: ``loss`` and the mean of each entry of ``aux``, as host arrays ``[step]``; the last
            entry of a run that failed is the failed step.
        failed: Whether the loss or the parameters became non-finite; the rejected update is
            ``state.step``, and ``state`` is the state before it.
    """

    state: TrainState
    metrics: Mapping[str, Any]  # [restart, step] or [step]
    failed: np.ndarray  # [restart] or []


class NonFiniteError(FloatingPointError):
    """Error for a non-finite loss or non-finite parameters; ``training`` holds the last finite state."""

    def __init__(self, message: str, training: Training):
        super().__init__(message)
        self.training = training


@reads_once
def run_chunks(
    state: TrainState,
    step: Step,
    chunks: Iterable[tuple[PyTree, int]],
    make_batch: MakeBatch,
    chunk_size: int,
    on_chunk: Hook | None,
) -> Training:
    """Run the loop of ``train`` over chunks, each with its data and its number of steps."""
    if any(leaf.is_deleted() for leaf in jax.tree.leaves(state) if isinstance(leaf, jax.Array)):
        raise ValueError(
            "this state was consumed (donated) by an earlier train(); use the state that it returned, "
            "jax.tree.map(jnp.copy, state) before training, or a checkpoint"
        )
    run = partial(_run_chunk, step=as_partial(step), make_batch=as_partial(make_batch), chunk_size=chunk_size)
    active = np.ones(state.step.shape, bool)
    metrics_by_chunk: list[Mapping[str, Any]] = []
    for data, count in chunks:
        before, state, still_active, taken, buffer = run(state, active, data, count)
        active = np.asarray(still_active)
        metrics_by_chunk.append(_to_host(buffer, int(taken)))
        if not active.ndim and not active:  # the same program again, up to the step that failed
            state = run(before, ~active, data, int(taken) - 1)[1]
        if not active.any() or (on_chunk is not None and on_chunk(state, metrics_by_chunk[-1]) is True):
            break
    metrics = jax.tree.map(lambda *parts: np.concatenate(parts, -1), *metrics_by_chunk)
    training = Training(state, metrics, ~active)
    if training.failed.all():
        raise NonFiniteError(_failure_message(training), training)
    return training


def _to_host(buffer: Mapping[str, Any], rows: int) -> Mapping[str, Any]:
    return jax.tree.map(lambda metric: np.moveaxis(np.asarray(metric)[:rows], 0, -1), buffer)


@partial(jit, static_argnames="chunk_size", donate_argnames="state")
def _run_chunk(
    state: TrainState,
    active: Array,
    data: PyTree,
    count: int,
    *,
    step: Step,
    make_batch: MakeBatch,
    chunk_size: int,
) -> tuple[TrainState, TrainState, Array, Array, Mapping[str, Any]]:
    """Return the states before and after a chunk, the active runs, the number of steps and the metrics.

    A single run stops when it fails, and is repeated from the state before the chunk: keeping the last finite
    state would cost a copy at every step. Of many runs, those that failed keep their state.
    """
    advance = partial(_advance, step, make_batch, data)
    if active.ndim:
        advance = jax.vmap(partial(_advance_or_wait, advance))
    rows = jax.eval_shape(advance, state, active)[2]
    empty = jax.tree.map(lambda row: jnp.zeros((chunk_size, *row.shape), row.dtype), rows)

    def body(carry: tuple) -> tuple:
        index, state, active, buffer = carry
        state, active, row = advance(state, active)
        return index + 1, state, active, write_row(buffer, index, row)

    start = (jnp.zeros((), jnp.int32), state, active, empty)
    taken, after, active, buffer = jax.lax.while_loop(
        lambda carry: (carry[0] < count) & carry[2].any(), body, start
    )
    return state, after, active, taken, buffer


def _advance(step: Step, make_batch: MakeBatch, data: PyTree, state: TrainState, active: Array) -> Advanced:
    """Take one step of one run, and check that its loss, parameters and optimizer's state are finite.

    An infinite second moment would freeze Adam for good, at finite parameters. Entries of the optimizer's
    state that are infinite from the start (the best value of a plateau) are left out.
    """
    batch = make_batch(data, jax.random.fold_in(written_out(state.key), BATCH_STREAM), state.step)
    before = jax.tree.map(_finite, state.opt_state)
    state, aux = step(state, batch)
    frozen = jax.tree.map(lambda was, leaf: was & ~_finite(leaf), before, state.opt_state)
    sound = _finite((aux["loss"], state.params)) & ~jnp.any(jnp.array(jax.tree.leaves(frozen), bool))
    return state, active & sound, jax.tree.map(jnp.mean, aux)


def _advance_or_wait(step: Callable[..., Any], state: TrainState, active: Array) -> Advanced:
    """Take one step of one run among many; a non-finite step leaves the state unchanged."""
    new, active, row = step(state, active)
    return jax.lax.cond(active, lambda: new, lambda: state), active, row


def _finite(tree: PyTree) -> Array:
    """Return whether all numbers are finite, by their maximum (a third of the cost of testing each)."""
    leaves = [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    return jnp.isfinite(reduce(jnp.maximum, [jnp.abs(leaf).max(initial=0) for leaf in leaves], jnp.zeros(())))


def _failure_message(training: Training) -> str:
    step, failed = np.asarray(training.state.step), "The state before that step is in .training.state"
    if step.ndim:
        return f"all {step.size} restarts failed, at steps {step.tolist()}. {failed}"
    loss = training.metrics["loss"][-1]
    update = "the update left parameters, or a state of the optimizer, that are not finite"
    cause = update if np.isfinite(loss) else f"the loss is {loss}"
    return (
        f"training stopped at step {step}: {cause}. {failed}; try a smaller learning rate, "
        "clip the gradient (optax.clip_by_global_norm), or look for bad rows: NaN among them, or values that "
        "the likelihood excludes (jgen.decoders.check_support)"
    )
