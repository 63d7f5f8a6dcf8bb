"""Check the files of a training run, its best parameters, and its resumption."""

import contextlib
import json
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

from jgen.applications import Best, fit
from jgen.decoders import Bernoulli
from jgen.errors import UsageError
from jgen.experiment.run_folder import start
from jgen.training import averaged_params, checkpoints, ema_params, init_state, mean_loss, shuffled
from tests.helpers.full_disk import full_disk
from tests.helpers.trees import assert_identical

ROWS = jax.random.normal(jax.random.key(1), (24, 3))
VALIDATION = jax.random.normal(jax.random.key(2), (7, 3))
KEY = jax.random.key(0)
OPTIMIZER = optax.chain(optax.adam(0.3), ema_params(0.9))
SAVED = Path("checkpoints/training")


def noisy(limit, params, batch, key):
    noise = jax.random.normal(key, batch.shape)
    error = ((params[None] - batch - noise) ** 2).sum(-1)  # [batch]
    return error.mean() + jnp.where(jnp.abs(params).sum() > limit, jnp.nan, 0), {"error": error}


def zeros(key):  # noqa: ARG001
    return jnp.zeros(3)


def run_fit(root, num_steps, *, objective=Partial(noisy, jnp.inf), rows=ROWS, **options):  # noqa: B008
    options = {"validation": VALIDATION, "chunk_size": 10, "make_batch": shuffled(8), **options}
    with start("fit", {}, out=root) as run:
        return fit(run, objective, OPTIMIZER, zeros, rows, key=KEY, num_steps=num_steps, **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    return root, run_fit(root, 60)


def test_every_chunk_is_logged_and_the_end_is_saved(whole):
    root, found = whole
    lines = [json.loads(line) for line in (root / "metrics.jsonl").read_text().splitlines()]
    assert all(line.pop("seconds") >= 0 for line in lines)
    assert lines == [{"fit": "training", **row} for row in found.rows]
    assert found.curve("step").tolist() == [10, 20, 30, 40, 50, 60]
    assert set(found.rows[0]) == {"step", "loss", "error", "validation_loss"}
    assert checkpoints.notes(root / SAVED) == {"rows": found.rows}
    saved = found.state, found.best
    assert_identical(checkpoints.restore(root / SAVED, like=saved), saved)


def test_the_best_parameters_are_averages_of_the_smallest_validation_loss(whole):
    _, found = whole
    losses = found.curve("validation_loss")
    assert found.best.loss == np.float32(losses.min())
    assert int(found.best.step) == found.curve("step")[losses.argmin()]
    pairs = (found.params, found.best.loss), (averaged_params(found.state), np.float32(losses[-1]))
    for params, loss in pairs:
        again = mean_loss(Partial(noisy, jnp.inf), params, VALIDATION, jax.random.split(KEY, 3)[2])
        np.testing.assert_array_equal(again, loss)


def test_a_resumed_run_equals_the_uninterrupted_run(whole, tmp_path):
    first = run_fit(tmp_path / "first", 30, save_every=0.0)
    assert checkpoints.steps(tmp_path / "first" / SAVED) == [10, 20, 30]
    assert len(first.rows) == 3
    for name, before in ("second", "first"), ("third", "second"):  # no steps are left for the third
        found = run_fit(tmp_path / name, 60, resume=tmp_path / before)
        assert_identical(found[:2], whole[1][:2])
        assert found.rows == whole[1].rows
    with pytest.raises(UsageError, match="fewer than the 60"):
        run_fit(tmp_path / "fourth", 40, resume=tmp_path / "second")


def height(sign, params, batch, key):  # noqa: ARG001
    return sign * params.sum() + 0 * batch.sum(), {}


def test_the_best_of_the_resumed_run_is_kept(tmp_path):
    options = {"objective": Partial(height, -1.0), "evaluate": Partial(height, 1.0)}
    whole = run_fit(tmp_path / "whole", 40, **options)
    run_fit(tmp_path / "first", 20, **options)
    second = run_fit(tmp_path / "second", 40, resume=tmp_path / "first", **options)
    assert int(whole.best.step) == 10
    assert_identical(second.best, whole.best)


def test_without_validation_the_newest_are_kept(tmp_path):
    found = run_fit(tmp_path, 20, validation=None)
    assert_identical(found.params, averaged_params(found.state))
    assert int(found.best.step) == 20
    assert np.isnan(found.curve("validation_loss")).all()


def test_the_state_before_a_non_finite_loss_is_saved(tmp_path):
    with pytest.raises(UsageError, match=r"stopped at step \d+: the loss is nan.*also saved in") as caught:
        run_fit(tmp_path, 60, objective=Partial(noisy, 0.5))
    lost = caught.value.__cause__.training.state
    assert checkpoints.steps(tmp_path / SAVED) == [int(lost.step)] != [0]
    state, _ = restored(tmp_path, lost)
    assert_identical(state, lost)
    assert np.isfinite(state.params).all()


def restored(root, state):
    """Restore a state like this one, and the best parameters."""
    return checkpoints.restore(root / SAVED, like=(state, Best(state.params, jnp.float32(0), jnp.int32(0))))


def of_bits(params, batch, key):  # noqa: ARG001
    pixels = Bernoulli().apply({}, jnp.broadcast_to(params[None, :, None], (*batch.shape, 1)))
    return -pixels.log_prob(batch).mean(), {}


def test_bytes_under_a_bernoulli_head_are_reported(tmp_path):
    grey = jnp.array([[0.0, 255.0, 17.0]] * 24)
    words = r"at step 0: the loss is inf.* excludes \(jgen.decoders.check_support"
    with pytest.raises(UsageError, match=words):
        run_fit(tmp_path, 10, objective=Partial(of_bits), rows=grey, validation=None)


def shrinking(params, batch, key):  # noqa: ARG001
    return (params**2).mean() + 0 * batch.sum(), {}


def test_a_full_disk_is_reported_in_one_line_and_keeps_the_checkpoint_before(tmp_path, monkeypatch):
    """From the second chunk on no file may grow beyond 100 kB: the first checkpoint has 700 kB."""
    folder = tmp_path / SAVED
    with contextlib.ExitStack() as disk, start("fit", {}, out=tmp_path) as run:

        def fill(_, **row):
            if row["step"] == 20:
                while checkpoints.steps(folder) != [10]:  # it may still be being written
                    time.sleep(0.01)
                disk.enter_context(full_disk(100_000))

        monkeypatch.setattr(type(run), "log", fill)
        heavy, options = Partial(jax.random.normal, shape=(300, 300)), {"chunk_size": 10, "save_every": 0.0}
        options |= {"make_batch": shuffled(8), "key": KEY, "num_steps": 40}
        words = r"cannot save step 20 in .*: .*the steps saved there are \[10\]"
        with pytest.raises(OSError, match=words) as caught:
            fit(run, Partial(shrinking), optax.sgd(0.1), heavy, ROWS, **options)
        disk.close()
    assert "\n" not in str(caught.value)
    assert checkpoints.steps(folder) == [10]
    state, best = restored(tmp_path, init_state(KEY, jnp.zeros((300, 300)), optax.sgd(0.1)))
    assert int(state.step) == 10
    np.testing.assert_array_equal(state.params, best.params)


def test_a_validation_loss_that_is_never_finite_raises(tmp_path):
    with pytest.raises(UsageError, match="never finite"):
        run_fit(tmp_path, 10, validation=jnp.nan * VALIDATION)
    assert checkpoints.steps(tmp_path / SAVED) == [10]


def test_an_empty_split_is_reported(tmp_path):
    with pytest.raises(UsageError, match="split to evaluate on is empty"):
        run_fit(tmp_path, 10, validation=VALIDATION[:0])
