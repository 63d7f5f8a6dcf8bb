"""The loop that runs a train step in compiled chunks."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgen.binding import bind
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


def full_batch(data: PyTree, key: Key, step: Array) -> PyTree:  # noqa: ARG001
    """All the data, at every step."""
    return data


def train(
    state: TrainState,
    step: Step,
    data: PyTree,
    num_steps: int,
    *,
    make_batch: MakeBatch = full_batch,
    chunk_size: int = 1000,
    on_chunk: Hook | None = None,
) -> Training:
    """Takes ``num_steps`` more steps, in compiled chunks with the host in between.

    One program serves any number of steps: a chunk is a loop with a dynamic count that writes into a
    buffer of ``chunk_size`` rows. The state is donated to each chunk. A state whose leaves all lead with
    a restart axis (``state.step`` is ``[restart]``) is trained as that many runs in one program, each
    with its own key and its own batches; the data are shared. Shardings come from the inputs.

    A step whose loss, or whose new parameters, are not finite is refused: the state stays as it was
    before that step. Where every run has failed training stops and raises; where some restarts live on,
    the others wait in their last good state and ``failed`` tells which.

    Args:
        state: From ``init_state``, a checkpoint or a former ``Training``. It is consumed: use the one
            that is returned.
        step: From ``make_train_step``, or any pytree ``step(state, batch) -> (state, aux)`` whose aux
            holds ``loss``.
        data: Any pytree of arrays; put on the device once.
        num_steps: How many steps to add to those that the state has made.
        make_batch: ``(data, key, step) -> batch``, pure; a module-level function or a ``Partial``.
        chunk_size: Steps between two looks of the host; another size is another program.
        on_chunk: ``on_chunk(state, metrics)`` after each chunk, with the metrics of that chunk on the
            host: the place to report, save and stop. Returning True stops. It must not keep the state,
            which the next chunk consumes.

    Returns:
        ``Training(state, metrics, failed)``.

    Raises:
        NonFiniteError: When no run is left; it says at which step, and its ``training`` holds the rest.
        ValueError: For a state that was already consumed, or counts that make no sense.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from jgen.train import init_state, make_train_step, train
        >>> def half_square(params, batch, key):
        ...     return jnp.mean((params - batch) ** 2) / 2, {}
        >>> optimizer = optax.sgd(0.5)
        >>> state = init_state(jax.random.key(0), jnp.zeros(()), optimizer)
        >>> run = train(state, make_train_step(half_square, optimizer), jnp.ones(4), 3)
        >>> float(run.state.params), run.metrics["loss"].tolist()
        (0.875, [0.5, 0.125, 0.03125])
    """
    _check(state, num_steps, chunk_size)
    step, make_batch = bind(step), bind(make_batch)
    data = jax.tree.map(jnp.asarray, data)
    alive = np.ones(state.step.shape, bool)
    chunks: list[Mapping[str, Any]] = []
    done, stop = 0, False
    while not stop and (done < num_steps or not chunks):
        count = min(chunk_size, num_steps - done)
        state, survivors, taken, buffer = _run_chunk(
            state, alive, step, make_batch, data, count, chunk_size=chunk_size
        )
        alive = np.asarray(survivors)
        chunks.append(_to_host(buffer, int(taken)))
        done += count
        stop = not alive.any() or (on_chunk is not None and on_chunk(state, chunks[-1]) is True)
    metrics = jax.tree.map(lambda *parts: np.concatenate(parts, -1), *chunks)
    training = Training(state, metrics, ~alive)
    if training.failed.all():
        raise NonFiniteError(_obituary(training), training)
    return training


def _to_host(buffer: Mapping[str, Any], rows: int) -> Mapping[str, Any]:
    return jax.tree.map(lambda metric: np.moveaxis(np.asarray(metric)[:rows], 0, -1), buffer)


def _check(state: TrainState, num_steps: int, chunk_size: int) -> None:
    if num_steps < 0 or chunk_size < 1:
        raise ValueError(f"need num_steps >= 0 and chunk_size >= 1, got {num_steps} and {chunk_size}")
    if any(leaf.is_deleted() for leaf in jax.tree.leaves(state) if isinstance(leaf, jax.Array)):
        raise ValueError(
            "this state was consumed (donated) by an earlier train(); use the state that it returned, "
            "jax.tree.map(jnp.copy, state) before training, or a checkpoint"
        )


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
) -> tuple[TrainState, Array, Array, Mapping[str, Any]]:
    advance = partial(_advance, step, make_batch, data)
    if alive.ndim:
        advance = jax.vmap(advance)
    empty = jax.tree.map(
        lambda row: jnp.zeros((chunk_size, *row.shape), row.dtype), jax.eval_shape(advance, state, alive)[2]
    )

    def more(carry: tuple) -> Array:
        index, _, alive, _ = carry
        return (index < count) & alive.any()

    def body(carry: tuple) -> tuple:
        index, state, alive, buffer = carry
        state, alive, row = advance(state, alive)
        return index + 1, state, alive, jax.tree.map(lambda rows, new: rows.at[index].set(new), buffer, row)

    taken, state, alive, buffer = jax.lax.while_loop(
        more, body, (jnp.zeros((), jnp.int32), state, alive, empty)
    )
    return state, alive, taken, buffer


def _advance(
    step: Step, make_batch: MakeBatch, data: PyTree, state: TrainState, alive: Array
) -> tuple[TrainState, Array, Mapping[str, Array]]:
    """One step of one run; a step that is not finite leaves the state as it was."""
    batch = make_batch(data, jax.random.fold_in(state.key, BATCH_STREAM), state.step)
    new, aux = step(state, batch)
    alive &= _finite((aux["loss"], new.params))
    kept = jax.lax.cond(alive, lambda: new, lambda: state)  # cheaper than a select on every leaf
    return kept, alive, jax.tree.map(jnp.mean, aux)


def _finite(tree: PyTree) -> Array:
    leaves = [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in leaves]).all()


def _obituary(training: Training) -> str:
    step, failed = np.asarray(training.state.step), "The state before that step is in .training.state"
    if step.ndim:
        return f"all {step.size} restarts failed, at steps {step.tolist()}. {failed}"
    loss = training.metrics["loss"][-1]
    what = "the update left parameters that are not finite" if np.isfinite(loss) else f"the loss is {loss}"
    return (
        f"training stopped at step {step}: {what}. {failed}; try a smaller learning rate, "
        "clip the gradient (optax.clip_by_global_norm), or look for bad rows"
    )
