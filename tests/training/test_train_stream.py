"""Check that streamed runs equal runs on stored data, and resume at the step of the state."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.training import NonFiniteError, checkpoints, train, train_stream
from tests.helpers.training_runs import NOISY, noisy_state
from tests.helpers.trees import assert_identical

TABLE = np.random.default_rng(0).normal(size=(40, 4, 3)).astype(np.float32)  # [step, batch, dim]


def stream(start):
    return (TABLE[i] for i in range(start, len(TABLE)))


def by_step(data, key, step):  # noqa: ARG001
    return data[step]


def test_a_stream_gives_the_run_of_the_same_stored_batches():
    whole = train(noisy_state(), NOISY, TABLE, 20, make_batch=by_step, chunk_size=8)
    streamed = train_stream(stream, noisy_state(), NOISY, 20, chunk_size=8)
    assert_identical(whole, streamed)
    assert streamed.metrics["sum"].shape == (20,)


def test_a_run_resumed_from_its_checkpoint_continues_in_the_stream(tmp_path):
    whole = train_stream(stream, noisy_state(), NOISY, 20, chunk_size=8)
    with checkpoints.writer(tmp_path) as save:

        def stop_at_nine(state, _):
            save(state, step=int(state.step))
            return int(state.step) == 9

        train_stream(stream, noisy_state(), NOISY, 40, chunk_size=3, on_chunk=stop_at_nine)
    state = checkpoints.restore(tmp_path, like=noisy_state())
    assert int(state.step) == 9
    assert_identical(train_stream(stream, state, NOISY, 11, chunk_size=8).state, whole.state)


def test_only_one_chunk_is_read_ahead():
    read = []

    def watched(start):
        for i in itertools.count(start):
            read.append(i)
            yield TABLE[i % 40]

    at_chunk = []
    train_stream(
        watched, noisy_state(), NOISY, 8, chunk_size=2, on_chunk=lambda *_: at_chunk.append(len(read))
    )
    assert all(seen <= 2 * (i + 2) for i, seen in enumerate(at_chunk))
    assert read == list(range(8))


def test_training_ends_with_the_stream():
    run = train_stream(lambda start: stream(start + 33), noisy_state(), NOISY, 100, chunk_size=4)
    assert int(run.state.step) == 7
    assert run.metrics["loss"].shape == (7,)


def broken(start):
    yield from itertools.islice(stream(start), 2)
    raise OSError("the disk went away")


def poisoned(start):
    return (TABLE[i] if i < 3 else np.nan * TABLE[i] for i in itertools.count(start))


def test_errors_of_a_stream_are_reported():
    with pytest.raises(ValueError, match="holds no batch for step 0"):
        train_stream(lambda _: iter(()), noisy_state(), NOISY, 3)
    with pytest.raises(OSError, match="the disk went away"):
        train_stream(broken, noisy_state(), NOISY, 5, chunk_size=2)
    with pytest.raises(ValueError, match=r"equal shapes, got \(2, 3\) and \(4, 3\)"):
        train_stream(lambda _: iter([TABLE[0], TABLE[1][:2]]), noisy_state(), NOISY, 5)
    with pytest.raises(ValueError, match="num_steps >= 1"):
        train_stream(stream, noisy_state(), NOISY, 0)
    with pytest.raises(NonFiniteError, match="step 3: the loss is nan"):
        train_stream(poisoned, noisy_state(), NOISY, 8, chunk_size=2)
    state = noisy_state()
    train_stream(stream, state, NOISY, 2, chunk_size=8)
    with pytest.raises(ValueError, match="consumed"):
        train_stream(stream, state, NOISY, 2)
    with pytest.raises(ValueError, match="one of 2 runs"):
        train_stream(stream, jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), noisy_state()), NOISY, 2)
