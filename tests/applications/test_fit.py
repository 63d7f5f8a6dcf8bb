"""Check the files of a training run, its best parameters, and its resumption."""

import contextlib
import json
import time

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
    assert [{"fit": "training", **row} for row in found.rows] == [
        {name: value for name, value in line.items() if name != "seconds"} for line in lines
    ]
    assert found.curve("step").tolist() == [10, 20, 30, 40, 50, 60]
    assert set(found.rows[0]) == {"step", "loss", "error", "validation_loss"}
    folder = root / "checkpoints" / "training"
    assert checkpoints.notes(folder) == {"rows": found.rows}
    state, best = checkpoints.restore(folder, like=(found.state, found.best))
    assert_identical((state, best), (found.state, found.best))


def test_the_best_parameters_are_averages_of_the_smallest_validation_loss(whole):
    _, found = whole
    losses = found.curve("validation_loss")
    assert found.best.loss == np.float32(losses.min())
    assert int(found.best.step) == found.curve("step")[losses.argmin()]
    validation_key = jax.random.split(KEY, 3)[2]
    again = mean_loss(Partial(noisy, jnp.inf), found.params, VALIDATION, validation_key)
    np.testing.assert_array_equal(again, found.best.loss)
    last = mean_loss(Partial(noisy, jnp.inf), averaged_params(found.state), VALIDATION, validation_key)
    np.testing.assert_array_equal(np.float32(losses[-1]), last)


def test_a_resumed_run_equals_the_uninterrupted_run(whole, tmp_path):
    first = run_fit(tmp_path / "first", 30, save_every=0.0)
    assert checkpoints.steps(tmp_path / "first" / "checkpoints" / "training") == [10, 20, 30]
    second = run_fit(tmp_path / "second", 60, resume=tmp_path / "first")
    assert_identical(second.state, whole[1].state)
    assert_identical(second.best, whole[1].best)
    assert second.rows == whole[1].rows
    assert len(first.rows) == 3
    third = run_fit(tmp_path / "third", 60, resume=tmp_path / "second")  # no steps are left
    assert_identical(third.state, whole[1].state)
    assert third.rows == whole[1].rows
    with pytest.raises(UsageError, match="fewer than the 60"):
        run_fit(tmp_path / "fourth", 40, resume=tmp_path / "second")
    with pytest.raises(FileNotFoundError, match="save one first"):
        run_fit(tmp_path / "fifth", 60, resume=tmp_path / "nowhere")


def uphill(params, batch, key):  # noqa: ARG001
    return -params.sum() + 0 * batch.sum(), {}


def height(params, batch, key):  # noqa: ARG001
    return params.sum() + 0 * batch.sum(), {}


def test_the_best_of_the_resumed_run_is_kept(tmp_path):
    options = {"objective": Partial(uphill), "evaluate": height}
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
    folder = tmp_path / "checkpoints" / "training"
    assert checkpoints.steps(folder) == [int(lost.step)]
    assert int(lost.step) > 0
    [state, _] = checkpoints.restore(folder, like=(lost, run_like()))
    assert_identical(state, lost)
    assert np.isfinite(state.params).all()


def run_like():
    return Best(jnp.zeros(3), jnp.float32(0), jnp.int32(0))


def of_bits(params, batch, key):  # noqa: ARG001
    pixels = Bernoulli().apply({}, jnp.broadcast_to(params[None, :, None], (*batch.shape, 1)))
    return -pixels.log_prob(batch).mean(), {}


def test_bytes_under_a_bernoulli_head_are_reported(tmp_path):
    grey = jnp.array([[0.0, 255.0, 17.0]] * 24)
    with pytest.raises(
        UsageError, match=r"at step 0: the loss is inf.* excludes \(jgen.decoders.check_support"
    ):
        run_fit(tmp_path, 10, objective=Partial(of_bits), rows=grey, validation=None)


def heavy(key):
    return jax.random.normal(key, (300, 300))


def shrinking(params, batch, key):  # noqa: ARG001
    return (params**2).mean() + 0 * batch.sum(), {}


def test_a_full_disk_is_reported_in_one_line_and_keeps_the_checkpoint_before(tmp_path, monkeypatch):
    """From the second chunk on no file may grow beyond 100 kB: the first checkpoint has 700 kB."""
    folder = tmp_path / "checkpoints" / "training"
    with contextlib.ExitStack() as disk, start("fit", {}, out=tmp_path) as run:

        def fill(_, **row):
            if row["step"] == 20:
                while checkpoints.steps(folder) != [10]:  # it may still be being written
                    time.sleep(0.01)
                disk.enter_context(full_disk(100_000))

        monkeypatch.setattr(type(run), "log", fill)
        options = {"make_batch": shuffled(8), "chunk_size": 10, "save_every": 0.0}
        words = r"cannot save step 20 in .*: .*the steps saved there are \[10\]"
        with pytest.raises(OSError, match=words) as caught:
            fit(run, Partial(shrinking), optax.sgd(0.1), heavy, ROWS, key=KEY, num_steps=40, **options)
        disk.close()
    assert "\n" not in str(caught.value)
    assert checkpoints.steps(folder) == [10]
    state = init_state(KEY, jnp.zeros((300, 300)), optax.sgd(0.1))
    state, best = checkpoints.restore(folder, like=(state, Best(state.params, jnp.float32(0), jnp.int32(0))))
    assert int(state.step) == 10
    np.testing.assert_array_equal(state.params, best.params)


def test_a_validation_loss_that_is_never_finite_raises(tmp_path):
    with pytest.raises(UsageError, match="never finite"):
        run_fit(tmp_path, 10, validation=jnp.nan * VALIDATION)
    assert checkpoints.steps(tmp_path / "checkpoints" / "training") == [10]


def test_empty_splits_are_reported(tmp_path):
    with pytest.raises(UsageError, match="split to evaluate on is empty"):
        run_fit(tmp_path / "a", 10, validation=VALIDATION[:0])
    with pytest.raises(ValueError, match="larger than the data set of 24 rows"):
        run_fit(tmp_path / "b", 10, make_batch=shuffled(25))
