"""Check that streamed runs equal runs on stored data, and resume at the step of the state."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgen.training import NonFiniteError, checkpoints, init_state, make_train_step, train, train_stream
from tests.helpers.trees import assert_identical

OPTIMIZER = optax.adam(0.1)
TABLE = np.random.default_rng(0).normal(size=(40, 4, 3)).astype(np.float32)  # [step, batch, dim]


def noisy(params, batch, key):
    error = params[None] - batch - jax.random.normal(key, batch.shape)
    return (error**2).mean(), {"error": error.sum(-1)}


STEP = make_train_step(noisy, OPTIMIZER)


def fresh():
    return init_state(jax.random.key(0), jnp.zeros(3), OPTIMIZER)


def stream(start):
    return (TABLE[i] for i in range(start, len(TABLE)))


def by_step(data, key, step):  # noqa: ARG001
    return data[step]


def test_a_stream_gives_the_run_of_the_same_stored_batches():
    whole = train(fresh(), STEP, TABLE, 20, make_batch=by_step, chunk_size=8)
    streamed = train_stream(stream, fresh(), STEP, 20, chunk_size=8)
    assert_identical(whole, streamed)
    assert streamed.metrics["error"].shape == (20,)


def test_a_run_resumed_from_its_checkpoint_continues_in_the_stream(tmp_path):
    whole = train_stream(stream, fresh(), STEP, 20, chunk_size=8)
    with checkpoints.writer(tmp_path) as save:
        train_stream(
            stream, fresh(), STEP, 40, chunk_size=3, on_chunk=lambda state, _: stop_at(9, state, save)
        )
    state = checkpoints.restore(tmp_path, like=fresh())
    assert int(state.step) == 9
    assert_identical(train_stream(stream, state, STEP, 11, chunk_size=8).state, whole.state)


def stop_at(step, state, save):
    save(state, step=int(state.step))
    return int(state.step) == step


def test_only_one_chunk_is_read_ahead():
    read = []

    def watched(start):
        for i in itertools.count(start):
            read.append(i)
            yield TABLE[i % 40]

    at_chunk = []
    train_stream(watched, fresh(), STEP, 8, chunk_size=2, on_chunk=lambda *_: at_chunk.append(len(read)))
    assert all(seen <= 2 * (i + 2) for i, seen in enumerate(at_chunk))
    assert read == list(range(8))


def test_training_ends_with_the_stream():
    run = train_stream(lambda start: stream(start + 33), fresh(), STEP, 100, chunk_size=4)
    assert int(run.state.step) == 7
    assert run.metrics["loss"].shape == (7,)


def broken(start):
    yield from itertools.islice(stream(start), 2)
    raise OSError("the disk went away")


def poisoned(start):
    return (TABLE[i] if i < 3 else np.nan * TABLE[i] for i in itertools.count(start))


def test_errors_of_a_stream_are_reported():
    with pytest.raises(ValueError, match="holds no batch for step 0"):
        train_stream(lambda _: iter(()), fresh(), STEP, 3)
    with pytest.raises(OSError, match="the disk went away"):
        train_stream(broken, fresh(), STEP, 5, chunk_size=2)
    with pytest.raises(ValueError, match=r"equal shapes, got \(2, 3\) and \(4, 3\)"):
        train_stream(lambda _: iter([TABLE[0], TABLE[1][:2]]), fresh(), STEP, 5)
    with pytest.raises(ValueError, match="num_steps >= 1"):
        train_stream(stream, fresh(), STEP, 0)
    with pytest.raises(NonFiniteError, match="step 3: the loss is nan"):
        train_stream(poisoned, fresh(), STEP, 8, chunk_size=2)
    state = fresh()
    train_stream(stream, state, STEP, 2, chunk_size=8)
    with pytest.raises(ValueError, match="consumed"):
        train_stream(stream, state, STEP, 2)
    with pytest.raises(ValueError, match="one of 2 runs"):
        train_stream(stream, jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), fresh()), STEP, 2)
