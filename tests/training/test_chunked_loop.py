"""Check chunks: any chunking gives the same run, and non-finite steps stop it."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

from jgen.training import NonFiniteError, init_state, make_train_step, train
from tests.helpers import training_runs as runs
from tests.helpers.trees import assert_identical


def test_chunks_and_interruptions_do_not_matter():
    whole = runs.fit_noisy(16)
    cut = runs.fit_noisy(11, state=runs.fit_noisy(5).state)
    other = runs.fit_noisy(16, chunk_size=64)
    stepped = runs.fit_noisy(16, chunk_size=1)
    for run in (cut, other, stepped):
        assert_identical(whole.state, run.state)
    assert_identical(whole.metrics, other.metrics)
    assert_identical(whole.metrics, stepped.metrics)


def test_a_chunk_equals_single_steps():
    state, jitted = runs.quadratic_state(), jax.jit(runs.QUADRATIC)
    for _ in range(9):
        state, _ = jitted(state, runs.DATA)
    assert_identical(state, train(runs.quadratic_state(), runs.QUADRATIC, runs.DATA, 9, chunk_size=7).state)


def test_equal_steps_share_one_program():
    train(runs.quadratic_state(), runs.QUADRATIC, runs.DATA, 3, chunk_size=11)
    before = runs.compiled_chunks()
    assert before
    for n, curvature in ((1, runs.CURVATURE), (11, 2 * runs.CURVATURE), (40, jnp.ones(3))):
        step = make_train_step(Partial(runs.quadratic, curvature), runs.SGD)
        train(runs.quadratic_state(n), step, n + runs.DATA, n, chunk_size=11)
    assert runs.compiled_chunks() == before
    other = make_train_step(Partial(runs.quadratic, runs.CURVATURE), optax.sgd(0.3))
    train(runs.quadratic_state(), other, runs.DATA, 3, chunk_size=11)
    assert runs.compiled_chunks() > before  # an optimizer created again is another one


def test_the_state_is_donated_and_the_inputs_are_not():
    key, params = jax.random.key(0), jnp.array([1.0, -2.0, 5.0])
    state = init_state(key, params, runs.SGD)
    run = train(state, runs.QUADRATIC, runs.DATA, 3)
    assert state.params.is_deleted()
    assert not params.is_deleted()
    assert not key.is_deleted()
    with pytest.raises(ValueError, match="consumed"):
        train(state, runs.QUADRATIC, runs.DATA, 3)
    assert int(train(run.state, runs.QUADRATIC, runs.DATA, 3).state.step) == 6


def test_the_hook_is_called_after_each_chunk_and_may_stop():
    seen = []

    def hook(state, metrics):
        seen.append((int(state.step), metrics["loss"].shape))
        return len(seen) == 2

    run = train(runs.quadratic_state(), runs.QUADRATIC, runs.DATA, 100, chunk_size=7, on_chunk=hook)
    assert seen == [(7, (7,)), (14, (7,))]
    assert int(run.state.step) == 14
    assert run.metrics["loss"].shape == (14,)


def test_zero_steps_are_a_run_of_length_zero():
    run = train(runs.quadratic_state(), runs.QUADRATIC, runs.DATA, 0, chunk_size=7)
    assert run.metrics["loss"].shape == (0,)
    assert_identical(run.state, runs.quadratic_state())


UNIT = optax.sgd(1.0)


def at_zero():
    return init_state(jax.random.key(0), jnp.zeros(1), UNIT)


def cliff(limit, params, batch, key):  # noqa: ARG001
    return jnp.where(params.sum() < limit, -params.sum(), jnp.nan), {}


@pytest.mark.parametrize("chunk_size", [1, pytest.param(3, marks=pytest.mark.weekly), 4, 100])
def test_a_non_finite_loss_stops_at_the_last_finite_state(chunk_size):
    step = make_train_step(Partial(cliff, jnp.array(3.5)), UNIT)
    seen = [np.zeros(1)]
    options = {"chunk_size": chunk_size, "on_chunk": lambda _, new: seen.append(new["loss"])}
    with pytest.raises(NonFiniteError, match="step 4: the loss is nan") as caught:
        train(at_zero(), step, runs.DATA, 50, **options)
    run = caught.value.training
    assert int(run.state.step) == 4
    np.testing.assert_array_equal(run.state.params, [4.0])
    np.testing.assert_array_equal(run.metrics["loss"], [0, -1, -2, -3, np.nan])
    assert np.isfinite(np.concatenate(seen)).all()


def root(params, batch, key):  # noqa: ARG001
    return jnp.sqrt(params).sum(), {}


def test_a_non_finite_gradient_stops():
    with pytest.raises(NonFiniteError, match="step 0: the update left parameters") as caught:
        train(at_zero(), make_train_step(root, UNIT), runs.DATA, 5)
    np.testing.assert_array_equal(caught.value.training.state.params, [0.0])


def test_one_failed_restart_does_not_stop_the_others():
    start = jnp.array([[0.0], [-100.0], [2.0]])
    keys = jax.random.split(jax.random.key(0), 3)
    state = jax.vmap(lambda key, params: init_state(key, params, UNIT))(keys, start)
    step = make_train_step(Partial(cliff, jnp.array(3.5)), UNIT)
    run = train(state, step, runs.DATA, 10, chunk_size=3)
    np.testing.assert_array_equal(run.failed, [True, False, True])
    np.testing.assert_array_equal(run.state.step, [4, 10, 2])
    np.testing.assert_array_equal(run.state.params[:, 0], [4.0, -90.0, 4.0])
    assert np.isfinite(run.metrics["loss"][1]).all()
    with pytest.raises(NonFiniteError, match="all 3 restarts"):
        train(run.state, step, runs.DATA, 200)


def test_an_optimizer_that_one_gradient_freezes_is_reported():
    """A gradient of 1e20 makes Adam's second moment infinite: no later update moves, at a finite loss."""

    def objective(params, batch, key):  # noqa: ARG001
        steep = 1e20 * (params[0] - jax.lax.stop_gradient(params[0]))  # a value of 0
        return jnp.sum((params - 1.0) ** 2) + batch[0] * steep, {}

    rows = (jnp.arange(8) == 3).astype(jnp.float32)
    optimizer = optax.adam(0.1)
    state = init_state(jax.random.key(0), jnp.zeros(1), optimizer)
    with pytest.raises(NonFiniteError, match="a state of the optimizer") as caught:
        train(state, make_train_step(objective, optimizer), rows, 8, make_batch=row_of_step, chunk_size=4)
    assert int(caught.value.training.state.step) == 3
    plateau = optax.chain(
        optax.sgd(0.1), optax.contrib.reduce_on_plateau()
    )  # its best value starts at infinity
    state = init_state(jax.random.key(0), jnp.zeros(1), plateau)
    assert (
        train(state, make_train_step(objective, plateau), rows[:3], 3, make_batch=row_of_step).state.step == 3
    )


def row_of_step(data, key, step):  # noqa: ARG001
    return data[step][None]
