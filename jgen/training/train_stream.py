"""Train on data that do not fit on the device."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np

from jgen.training.chunked_loop import Hook, Step, Training, run_chunks
from jgen.types import Array, Key, PyTree, TrainState


def train_stream(
    batches: Callable[[int], Iterator[PyTree]],
    state: TrainState,
    step: Step,
    num_steps: int,
    *,
    chunk_size: int = 100,
    on_chunk: Hook | None = None,
) -> Training:
    """Take ``num_steps`` more steps on batches that the host reads one chunk ahead of the device.

    The loop is that of ``train``: the same step in the same compiled chunks, the same rejection of non-finite
    steps, the same hook. A thread reads the batches of the next chunk while the device computes this one.

    The position in the stream is ``state.step``, so that a checkpoint of the state includes the position:
    ``batches(t)`` must continue with the batch of step t, as for a source that is read by index,
    ``lambda t: (read(i) for i in itertools.count(t))``.

    Args:
        batches: ``batches(t) -> iterator`` over the batches of the steps t, t + 1, ...; pytrees of arrays of
            equal shapes. Training ends with them, if that is sooner.
        state: As for ``train``, of one run. It is consumed.
        step: From ``make_train_step``.
        num_steps: Steps to take, at least 1.
        chunk_size: Steps of a chunk; twice as many batches are on the device.
        on_chunk: As for ``train``.

    Returns:
        ``Training(state, metrics, failed)``.

    Raises:
        NonFiniteError: As ``train`` does.
        ValueError: For a state of several runs, invalid counts, batches of unequal shapes, or a
            stream without a batch for the first step.

    Example:
        >>> import itertools, jax, jax.numpy as jnp, numpy as np, optax
        >>> from jgen.training import init_state, make_train_step, train_stream
        >>> def half_square(params, batch, key):
        ...     return jnp.mean((params - batch) ** 2) / 2, {}
        >>> def ones(start):
        ...     return (np.ones(4, np.float32) for _ in itertools.count(start))
        >>> optimizer = optax.sgd(0.5)
        >>> state = init_state(jax.random.key(0), jnp.zeros(()), optimizer)
        >>> run = train_stream(ones, state, make_train_step(half_square, optimizer), 3)
        >>> float(run.state.params), run.metrics["loss"].tolist()
        (0.875, [0.5, 0.125, 0.03125])
    """
    if num_steps < 1 or chunk_size < 1:
        raise ValueError(f"need num_steps >= 1 and chunk_size >= 1, got {num_steps} and {chunk_size}")
    if state.step.ndim:
        raise ValueError(f"the state is one of {state.step.size} runs, whose positions may differ: give one")

    def read(source: Iterator[PyTree]) -> tuple[PyTree, int]:
        chunk = list(itertools.islice(source, chunk_size))
        return _on_device(chunk, chunk_size), len(chunk)

    def read_ahead(reader: ThreadPoolExecutor) -> Iterator[tuple[PyTree, int]]:
        start = int(state.step)
        source = itertools.islice(batches(start), num_steps)
        chunk, count = reader.submit(read, source).result()
        if not count:
            raise ValueError(f"the stream holds no batch for step {start}: it is empty, or ended before")
        while count:
            following = reader.submit(read, source)
            yield (np.int32(start), chunk), count
            start += count
            chunk, count = following.result()

    with ThreadPoolExecutor(1, "batches") as reader:
        return run_chunks(state, step, read_ahead(reader), _batch_of_chunk, chunk_size, on_chunk)


def _on_device(chunk: list[PyTree], chunk_size: int) -> PyTree:
    """Stack batches to ``[step, batch, ...]`` on the device; the last one pads a chunk that is not full."""
    shapes = {str(jax.tree.map(np.shape, batch)) for batch in chunk}
    if len(shapes) > 1:
        raise ValueError(f"batches of a stream must have equal shapes, got {' and '.join(sorted(shapes))}")
    filled = chunk + (chunk_size - len(chunk)) * chunk[-1:]
    return jax.device_put(jax.tree.map(lambda *leaves: np.stack(leaves), *filled)) if chunk else None


def _batch_of_chunk(chunk: tuple[Array, PyTree], key: Key, step: Array) -> PyTree:  # noqa: ARG001
    start, batches = chunk
    return jax.tree.map(lambda leaf: leaf[step - start], batches)
