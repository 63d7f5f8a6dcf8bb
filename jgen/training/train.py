"""Training on data that live on the device."""

import jax
import jax.numpy as jnp

from jgen.training.chunked_loop import Hook, MakeBatch, Step, Training, run_chunks
from jgen.types import Array, Key, PyTree, TrainState


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
    buffer of ``chunk_size`` rows. The state is donated to each chunk, of which
    the state before it is kept until it ends. A state whose leaves all lead with
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
