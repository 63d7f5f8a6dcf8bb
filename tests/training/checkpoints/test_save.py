"""Checkpoints along a run: written while it goes on, the best kept, nothing lost to a kill or a full disk."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgen.training import (
    averaged_params,
    checkpoints,
    ema_params,
    init_state,
    make_train_step,
    shuffled,
    train,
)
from tests.helpers.full_disk import full_disk

pytestmark = pytest.mark.usefixtures(
    "optimised"
)  # bit for bit with another process, which is compiled as users compile

OPTIMIZER = optax.chain(optax.adam(0.05), ema_params(0.9))
DATA = jnp.linspace(-1.0, 1.0, 39).reshape(13, 3)
CHUNK = 5


def noisy(params, batch, key):
    noise = jax.random.normal(key, batch.shape)
    return ((params["w"][None] - batch + noise) ** 2).mean() + (params["v"] ** 2).mean(), {}


STEP = make_train_step(noisy, OPTIMIZER)


def fresh():
    return init_state(jax.random.key(5), {"w": jnp.zeros(3), "v": jnp.ones((100, 100))}, OPTIMIZER)


def go_on(state, num_steps, on_chunk=None):
    return train(
        state, STEP, DATA, num_steps, make_batch=shuffled(4), chunk_size=CHUNK, on_chunk=on_chunk
    ).state


def assert_identical(left, right):
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        if jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        np.testing.assert_array_equal(a, b)


def run_for_ever(directory):
    """What the process that is killed does: trains from where it was, and saves after every chunk."""
    state = checkpoints.restore(directory, like=fresh()) if checkpoints.steps(directory) else fresh()
    with checkpoints.writer(directory) as save:

        def on_chunk(state, _):
            save(state, step=int(state.step))
            print(int(state.step), flush=True)

        go_on(state, 1_000_000, on_chunk)


def kill_during(directory, num_chunks, delay):
    """Starts that process, kills it ``delay`` seconds after a chunk, and says which step it told last."""
    program = (
        f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r}); import test_checkpoint_writer as t"
    )
    command = [sys.executable, "-c", f"{program}; t.run_for_ever({str(directory)!r})"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        limit = threading.Timer(180, process.kill)
        limit.start()
        lines = list(itertools.islice(process.stdout, num_chunks))
        time.sleep(delay)
        process.kill()
        process.wait(30)
        limit.cancel()
    assert process.returncode == -signal.SIGKILL
    return int(lines[-1])


def check_nothing_is_lost(directory, told):
    """What stands is whole, is the uninterrupted run, and is at most one save behind what was told."""
    steps = checkpoints.steps(directory)
    assert steps[-1] >= told - CHUNK
    state, done = fresh(), 0
    for step in steps:
        state, done = go_on(state, step - done), step
        assert_identical(checkpoints.restore(directory, like=fresh(), step=step), state)
    whole = go_on(state, 20)
    assert_identical(go_on(checkpoints.restore(directory, like=fresh()), 20), whole)


def test_a_killed_run_resumed_is_the_whole_run_bit_for_bit(tmp_path):
    check_nothing_is_lost(tmp_path, kill_during(tmp_path, 4, 0.0))


@pytest.mark.slow
def test_killed_again_and_again_at_any_moment(tmp_path):
    told = 0
    for i, delay in enumerate(np.random.default_rng(0).uniform(0, 0.05, 6)):
        before, told = told, kill_during(tmp_path, 2 + i % 3, delay)
        assert told > before  # it went on from where it was
        check_nothing_is_lost(tmp_path, told)


def save_all(directory, states):
    with checkpoints.writer(directory, keep_last=2) as save:
        for step, state in states.items():
            save(state, step=step)


def test_a_deletion_broken_off_leaves_no_step_that_cannot_be_restored(tmp_path, monkeypatch):
    """As a kill does: the files of an old checkpoint go one by one, but from the third on none goes."""
    unlink, gone = os.unlink, []

    def unlink_two(path, *where, **options):
        gone.append(path)
        if len(gone) > 2:
            raise OSError("killed")
        unlink(path, *where, **options)

    states = {step: {"x": jnp.full(3, step)} for step in range(4)}
    monkeypatch.setattr(os, "unlink", unlink_two)
    with pytest.raises(OSError, match=r"cannot delete .*killed"):
        save_all(tmp_path, states)
    monkeypatch.undo()
    assert checkpoints.steps(tmp_path) == [1, 2]
    for step in (1, 2):
        assert_identical(checkpoints.restore(tmp_path, like=states[0], step=step), states[step])
    checkpoints.save(tmp_path, states[0], step=4)
    assert not [path for path in tmp_path.iterdir() if not path.name.isdigit()]  # nothing is left lying about


def test_what_is_saved_is_the_state_at_the_call_whatever_training_does_next(tmp_path):
    saved = {}
    with checkpoints.writer(tmp_path, keep_last=100) as save:

        def on_chunk(state, _):
            saved[int(state.step)] = jax.tree.map(jnp.copy, state)
            save(state, step=int(state.step))

        state = go_on(fresh(), 50, on_chunk)  # each chunk consumes the state that is being written
    assert checkpoints.steps(tmp_path) == list(saved) == list(range(CHUNK, 51, CHUNK))
    for step, expected in saved.items():
        assert_identical(checkpoints.restore(tmp_path, like=fresh(), step=step), expected)
    assert_identical(averaged_params(checkpoints.restore(tmp_path, like=fresh())), averaged_params(state))


@contextlib.contextmanager
def held_before_the_commit():
    """Orbax says, in a thread of its own, when the arrays are written; here it waits until the block ends.

    Yields an event that is set once it waits. With a writer that waits itself, it ends after ten seconds.
    """
    waiting, release = threading.Event(), threading.Event()

    def wait(event, value, **_):  # noqa: ARG001
        if event == "/jax/checkpoint/write/async/commit_future_count":
            waiting.set()
            release.wait(10)

    jax.monitoring.register_scalar_listener(wait)
    try:
        yield waiting
    finally:
        release.set()
        jax.monitoring.unregister_scalar_listener(wait)


def test_the_run_goes_on_while_its_state_is_written(tmp_path):
    state = {"x": jnp.arange(3.0)}
    checkpoints.save(tmp_path, state, step=1)
    with checkpoints.writer(tmp_path) as save:
        with held_before_the_commit() as waiting:
            save({"x": state["x"] + 1}, step=2)
            assert checkpoints.steps(tmp_path) == [1]
            state["x"].delete()
            assert waiting.wait(10)
            assert checkpoints.steps(tmp_path) == [1]
        save({"x": jnp.zeros(3)}, step=3)  # which waits for the one before
        assert checkpoints.steps(tmp_path)[:2] == [1, 2]
    assert checkpoints.restore(tmp_path, {"x": jnp.zeros(3)}, step=2)["x"].tolist() == [1, 2, 3]


def steps_kept(directory, metrics, **options):
    with checkpoints.writer(directory, **options) as save:
        for step, metric in enumerate(metrics):
            save({"x": jnp.full(2, step)}, step=step, metric=metric)
    return checkpoints.steps(directory)


LOSSES = [5.0, 1.0, np.nan, 2.0, 1.0, 7.0, np.inf, 9.0]


@pytest.mark.parametrize(
    ("options", "kept", "best"),
    [
        ({"keep_last": 2}, [6, 7], 7),
        ({"keep_last": 1, "keep_best": 1}, [4, 7], 4),  # of equals, the newest
        ({"keep_last": 1, "keep_best": 3}, [1, 3, 4, 7], 4),
        ({"keep_last": 3, "keep_best": 2}, [1, 4, 5, 6, 7], 4),
    ],
)
def test_the_newest_and_the_best_are_kept(options, kept, best, tmp_path):
    assert steps_kept(tmp_path, LOSSES, **options) == kept
    assert checkpoints.best(tmp_path) == best


def test_the_best_is_remembered_by_another_writer(tmp_path):
    steps_kept(tmp_path, LOSSES, keep_last=1, keep_best=1)
    with checkpoints.writer(tmp_path, keep_last=1, keep_best=1) as save:
        save({"x": jnp.zeros(2, int)}, step=10, metric=3.0)
        save({"x": jnp.zeros(2, int)}, step=11)
        save({"x": jnp.zeros(2, int)}, step=12)
    assert checkpoints.steps(tmp_path) == [4, 12]
    assert (
        checkpoints.restore(tmp_path, {"x": jnp.zeros(2, int)}, step=checkpoints.best(tmp_path))["x"][0] == 4
    )


def incompressible(seed):
    return {"x": jax.random.normal(jax.random.key(seed), (300, 300))}


def test_a_full_disk_is_one_line_and_what_stood_still_stands(tmp_path):
    first, second = incompressible(1), incompressible(2)
    with checkpoints.writer(tmp_path, keep_last=1) as save:
        save(first, step=1)
    words = r"cannot save step 2 in .*: .*the steps that stand there are \[1\]"
    with (
        pytest.raises(OSError, match=words) as caught,
        full_disk(),
        checkpoints.writer(tmp_path, keep_last=1) as save,
    ):
        save(second, step=2)
    assert "\n" not in str(caught.value)
    assert checkpoints.steps(tmp_path) == [1]
    assert_identical(checkpoints.restore(tmp_path, like=second), first)
    with checkpoints.writer(tmp_path, keep_last=1) as save:  # there is room again
        save(second, step=3)
    assert_identical(checkpoints.restore(tmp_path, like=first), second)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["3"]  # no litter


def test_an_error_in_the_block_still_ends_the_save(tmp_path):
    with pytest.raises(KeyError, match="mine"):  # noqa: PT012, SIM117
        with checkpoints.writer(tmp_path) as save:
            save(incompressible(1), step=1)
            raise KeyError("mine")
    assert_identical(checkpoints.restore(tmp_path, like=incompressible(0)), incompressible(1))


def test_mistakes_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint with a metric"):
        checkpoints.best(tmp_path)
    for options in ({"keep_last": 0}, {"keep_best": -1}):
        with (
            pytest.raises(ValueError, match="keep_last >= 1 and keep_best >= 0"),
            checkpoints.writer(tmp_path, **options),
        ):
            pass
    (tmp_path / "a file").write_text("")
    with (
        pytest.raises(OSError, match=r"cannot save checkpoints in .*a file"),
        checkpoints.writer(tmp_path / "a file"),
    ):
        pass
    with checkpoints.writer(tmp_path) as save:
        save({"x": jnp.zeros(2)}, step=3)
        with pytest.raises(ValueError, match="not after step 3"):
            save({"x": jnp.zeros(2)}, step=3)
