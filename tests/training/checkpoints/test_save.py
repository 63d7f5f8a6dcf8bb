"""Check saving along a run: in the background, the best kept, nothing lost to a kill or a full disk."""

import contextlib
import errno
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgen import training
from jgen.training import averaged_params, checkpoints
from tests.helpers.full_disk import full_disk
from tests.helpers.trees import assert_identical

# bit for bit with another process, which is compiled as users compile
pytestmark = pytest.mark.usefixtures("optimised")

OPTIMIZER = optax.chain(optax.adam(0.05), training.ema_params(0.9))
DATA = jnp.linspace(-1.0, 1.0, 39).reshape(13, 3)
CHUNK = 5


def noisy(params, batch, key):
    noise = jax.random.normal(key, batch.shape)
    return ((params["w"][None] - batch + noise) ** 2).mean() + (params["v"] ** 2).mean(), {}


STEP = training.make_train_step(noisy, OPTIMIZER)
BATCH = training.shuffled(4)


def fresh():
    params = {"w": jnp.zeros(3), "v": jnp.ones((100, 100))}
    return training.init_state(jax.random.key(5), params, OPTIMIZER)


def train_on(state, num_steps, on_chunk=None):
    options = {"make_batch": BATCH, "chunk_size": CHUNK, "on_chunk": on_chunk}
    return training.train(state, STEP, DATA, num_steps, **options).state


def run_without_end(directory):
    """Train from the newest checkpoint and save after every chunk, in the process that is killed."""
    state = checkpoints.restore(directory, like=fresh()) if checkpoints.steps(directory) else fresh()
    assert "tensorflow" not in sys.modules
    with checkpoints.writer(directory) as save:

        def on_chunk(state, _):
            save(state, step=int(state.step))
            print(int(state.step), flush=True)

        train_on(state, 1_000_000, on_chunk)


def kill_during(directory, num_chunks, delay):
    """Start that process, kill it ``delay`` seconds after a chunk, and return the last step it printed."""
    root = str(Path(__file__).parents[3])
    program = f"import sys; sys.path[:0] = [{root!r}]; import tests.training.checkpoints.test_save as t"
    command = [sys.executable, "-c", f"{program}; t.run_without_end({str(directory)!r})"]
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


def check_nothing_is_lost(directory, last):
    """Saved steps equal the uninterrupted run; at most one save is missing."""
    steps = checkpoints.steps(directory)
    assert steps[-1] >= last - CHUNK
    state, done = fresh(), 0
    for step in steps:
        state, done = train_on(state, step - done), step
        assert_identical(checkpoints.restore(directory, like=fresh(), step=step), state)
    whole = train_on(state, 20)
    assert_identical(train_on(checkpoints.restore(directory, like=fresh()), 20), whole)


@pytest.mark.slow
def test_a_run_killed_repeatedly_resumes_bit_for_bit(tmp_path):
    last = 0
    for i, delay in enumerate(np.random.default_rng(0).uniform(0, 0.05, 6)):
        before, last = last, kill_during(tmp_path, 2 + i % 3, delay)
        assert last > before  # it resumed
        check_nothing_is_lost(tmp_path, last)


def steps_kept(directory, metrics, **options):
    with checkpoints.writer(directory, **options) as save:
        for step, metric in metrics.items():
            save({"x": jnp.full(3, step)}, step=step, metric=metric)
    return checkpoints.steps(directory)


def test_an_interrupted_deletion_leaves_only_complete_steps(tmp_path, monkeypatch):
    """Like a kill: the third file of an old checkpoint and all after it cannot be deleted."""
    unlink, deleted = os.unlink, []

    def unlink_two(path, *where, **options):
        deleted.append(path)
        if len(deleted) > 2:
            raise OSError(errno.EIO, "killed")
        unlink(path, *where, **options)

    like = {"x": jnp.zeros(3, int)}
    monkeypatch.setattr(os, "unlink", unlink_two)
    with pytest.raises(OSError, match=r"cannot delete .*killed"):
        steps_kept(tmp_path, dict.fromkeys(range(4)), keep_last=2)
    monkeypatch.undo()
    assert checkpoints.steps(tmp_path) == [1, 2]
    for step in (1, 2):
        assert checkpoints.restore(tmp_path, like, step=step)["x"].tolist() == [step] * 3
    checkpoints.save(tmp_path, like, step=4)
    assert not [path for path in tmp_path.iterdir() if not path.name.isdigit()]  # no other files remain


def test_the_state_at_the_call_is_saved(tmp_path):
    saved = {}
    with checkpoints.writer(tmp_path, keep_last=100) as save:

        def on_chunk(state, _):
            saved[int(state.step)] = jax.tree.map(jnp.copy, state)
            save(state, step=int(state.step))

        state = train_on(fresh(), 20, on_chunk)  # each chunk consumes the state that is being written
    assert checkpoints.steps(tmp_path) == list(saved) == list(range(CHUNK, 21, CHUNK))
    for step, expected in saved.items():
        assert_identical(checkpoints.restore(tmp_path, like=fresh(), step=step), expected)
    assert_identical(averaged_params(checkpoints.restore(tmp_path, like=fresh())), averaged_params(state))


@contextlib.contextmanager
def held_before_the_commit():
    """Block Orbax's writing thread, once the arrays are written, until the block ends or for ten seconds.

    Yields an event that is set once the thread is blocked.
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


def test_saving_does_not_block(tmp_path):
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


LOSSES = dict(enumerate([5.0, 1.0, np.nan, 2.0, 1.0, 7.0, np.inf, 9.0]))


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


def test_another_writer_keeps_the_best(tmp_path):
    steps_kept(tmp_path, LOSSES, keep_last=1, keep_best=1)
    later = {10: 3.0, 11: None, 12: None}
    assert steps_kept(tmp_path, later, keep_last=1, keep_best=1) == [4, 12]
    assert checkpoints.best(tmp_path) == 4


def incompressible(seed):
    return {"x": jax.random.normal(jax.random.key(seed), (300, 300))}


def test_a_full_disk_is_reported_in_one_line_and_loses_nothing(tmp_path):
    first, second = incompressible(1), incompressible(2)
    checkpoints.save(tmp_path, first, step=1, keep_last=1)
    words = r"cannot save step 2 in .*: .*the steps saved there are \[1\]"
    with pytest.raises(OSError, match=words) as caught, full_disk():
        checkpoints.save(tmp_path, second, step=2, keep_last=1)
    assert "\n" not in str(caught.value)
    assert checkpoints.steps(tmp_path) == [1]
    assert_identical(checkpoints.restore(tmp_path, like=second), first)
    checkpoints.save(tmp_path, second, step=3, keep_last=1)  # there is space again
    assert_identical(checkpoints.restore(tmp_path, like=first), second)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["3"]  # no other folders remain


def test_an_error_in_the_block_still_completes_the_save(tmp_path):
    with pytest.raises(KeyError, match="mine"):  # noqa: PT012, SIM117
        with checkpoints.writer(tmp_path) as save:
            save(incompressible(1), step=1)
            raise KeyError("mine")
    assert_identical(checkpoints.restore(tmp_path, like=incompressible(0)), incompressible(1))


def test_invalid_arguments_are_rejected(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint with a metric"):
        checkpoints.best(tmp_path)
    (tmp_path / "a file").write_text("")
    for name, options, error, words in (
        ("", {"keep_last": 0}, ValueError, "keep_last >= 1 and keep_best >= 0"),
        ("", {"keep_best": -1}, ValueError, "keep_last >= 1 and keep_best >= 0"),
        ("a file", {}, OSError, "cannot save checkpoints in .*a file"),
    ):
        with pytest.raises(error, match=words):
            steps_kept(tmp_path / name, {}, **options)
    with pytest.raises(ValueError, match="not after step 3"):
        steps_kept(tmp_path, {3: None, 2: None})
