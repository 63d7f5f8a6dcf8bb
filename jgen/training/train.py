"""Train on data that fit on the device."""

import jax
import jax.numpy as jnp

from jgen.training.chunked_loop import Hook, MakeBatch, Step, Training, run_chunks
from jgen.types import Array, Key, PyTree, TrainState


def full_batch(data: PyTree, key: Key, step: Array) -> PyTree:  # noqa: ARG001
    """Return all the data at every step."""
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
    """Take ``num_steps`` more steps in compiled chunks.

    One program serves any number of steps: a chunk is a loop with a dynamic count that writes into a
    buffer of ``chunk_size`` rows. The state is donated to each chunk, which keeps the state before it until
    it ends. A state whose leaves all have a leading restart axis (``state.step`` is ``[restart]``) is trained
    as that many runs in one program, each with its own key and its own batches; the data are shared.
    Shardings come from the inputs.

    A step whose loss or new parameters are not finite is rejected: the state stays as it was before that
    step. If every run has failed, training stops and raises; otherwise the failed restarts keep their last
    finite state and ``failed`` marks them.

    Args:
        state: From ``init_state``, a checkpoint or an earlier ``Training``. It is consumed: use the
            returned one.
        step: From ``make_train_step``, or any pytree ``step(state, batch) -> (state, aux)`` whose aux
            holds ``loss``.
        data: Any pytree of arrays; put on the device once.
        num_steps: Steps to take.
        make_batch: ``(data, key, step) -> batch``, pure; a module-level function or a ``Partial``.
        chunk_size: Steps of a chunk; another size is another program.
        on_chunk: ``on_chunk(state, metrics)``, called after each chunk with its metrics on the host, to
            report, save and stop: returning True stops. It must not keep the state, which the next chunk
            consumes.

    Returns:
        ``Training(state, metrics, failed)``.

    Raises:
        NonFiniteError: If all runs failed; its message names the step, and its ``training`` holds the rest.
        ValueError: For a state that was already consumed, or invalid counts.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from jgen.training import init_state, make_train_step, train
        >>> def half_square(params, batch, key):
        ...     return jnp.mean((params - batch) ** 2) / 2, {}
        >>> optimizer = optax.sgd(0.5)
        >>> state = init_state(jax.random.key(0), jnp.zeros(()), optimizer)
        >>> run = train(state, make_train_step(half_square, optimizer), jnp.ones(4), 3)
        >>> float(run.state.params), run.metrics["loss"].tolist()
        (0.875, [0.5, 0.125, 0.03125])
    """
    if num_steps < 0 or chunk_size < 1:
        raise ValueError(f"need num_steps >= 0 and chunk_size >= 1, got {num_steps} and {chunk_size}")
    data = jax.tree.map(jnp.asarray, data)
    counts = (min(chunk_size, num_steps - done) for done in range(0, max(1, num_steps), chunk_size))
    return run_chunks(state, step, ((data, count) for count in counts), make_batch, chunk_size, on_chunk)
