"""Check training against closed forms, alone and in restarts."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen.training import checkpoints, init_state, make_train_step, shuffled, train
from tests.helpers import on_devices, training_runs as runs


def test_sgd_on_a_quadratic_has_a_closed_form(x64):  # noqa: ARG001
    data, start = np.asarray(runs.DATA, np.float64), np.array([1.0, -2.0, 5.0])
    curvature = np.array([1.0, 0.5, 0.1])
    step = make_train_step(Partial(runs.quadratic, jnp.asarray(curvature)), runs.SGD)
    run = train(init_state(jax.random.key(0), start, runs.SGD), step, data, 25, chunk_size=10)
    shrunk = (1 - 0.3 * curvature) ** np.arange(26)[:, None]
    path = data.mean(0) + shrunk * (start - data.mean(0))  # [step, dim]
    losses = (curvature * (path[:, None] - data) ** 2).sum(-1).mean(-1) / 2
    np.testing.assert_allclose(run.state.params, path[-1], rtol=1e-13)
    np.testing.assert_allclose(run.metrics["loss"], losses[:-1], rtol=1e-13)
    np.testing.assert_allclose(run.metrics["error"], path[:-1, 0] - data[:, 0].mean(), rtol=0, atol=1e-13)
    assert int(run.state.step) == 25
    assert not run.failed


def test_the_key_of_a_step_is_its_fold_in_and_the_batch_has_another():
    key, states = jax.random.key(4), [runs.noisy_state(4)]
    run = runs.fit_noisy(2, seed=4)
    states.append(runs.fit_noisy(1, seed=4).state)
    for t, state in enumerate(states):
        batch = runs.pick_row(runs.DATA, jax.random.fold_in(key, np.uint32(2**32 - 1)), t)
        loss, _ = runs.noisy(jnp.array(0.1), state.params, batch, jax.random.fold_in(key, t))
        np.testing.assert_allclose(run.metrics["loss"][t], loss, rtol=1e-6)  # two programs, a float32 sum
    np.testing.assert_array_equal(jax.random.key_data(run.state.key), jax.random.key_data(key))


def test_restarts_equal_single_runs(x64):  # noqa: ARG001
    keys = jax.random.split(jax.random.key(9), 4)
    params = {"w": jnp.arange(12.0).reshape(4, 3), "b": jnp.ones(4)}
    make = jax.vmap(lambda key, params: init_state(key, params, runs.ADAM))
    together = runs.fit_noisy(10, state=make(keys, params))
    assert together.metrics["loss"].shape == together.metrics["sum"].shape == (4, 10)
    assert together.failed.shape == (4,)
    for i in range(4):
        alone = init_state(keys[i], jax.tree.map(lambda leaf: leaf[i], params), runs.ADAM)  # noqa: B023
        run = runs.fit_noisy(10, state=alone)
        # a batched program may sum in another order; Adam may amplify that rounding
        np.testing.assert_allclose(together.metrics["loss"][i], run.metrics["loss"], rtol=1e-11)
        np.testing.assert_allclose(together.state.params["w"][i], run.state.params["w"], rtol=1e-11)
    states = jax.eval_shape(jax.vmap(lambda key: init_state(key, jnp.ones(3), runs.SGD)), keys)
    state, aux = jax.eval_shape(jax.vmap(runs.QUADRATIC, (0, None)), states, runs.DATA)
    assert aux["error"].shape == (4, 6)
    assert state.step.shape == (4,)


def first_of(platform):
    with contextlib.suppress(RuntimeError):  # raised if there is none
        return jax.devices(platform)[0]
    return None


GPU, CPU = first_of("gpu"), first_of("cpu")


def fit_on(device, state=None):
    params, data = on_devices.problem()
    with jax.default_device(device):
        state = init_state(jax.random.key(0), params, on_devices.OPTIMIZER) if state is None else state
        return on_devices.fit(state, data, shuffled(16))


@pytest.mark.skipif(GPU is None, reason="there is no GPU")
def test_a_gpu_trains_as_a_cpu_does_and_resumes_its_checkpoint(x64, tmp_path):  # noqa: ARG001
    """In float64 each device rounds sums of some hundred terms in its own order.

    Twenty steps amplify that to a few thousand times 2^-53 at most; 1e-11 leaves a margin and would reveal
    float32 (1e-7).
    """
    there, here = fit_on(GPU), fit_on(CPU)
    assert there.state.params["w"].devices() == {GPU}
    np.testing.assert_allclose(there.metrics["loss"], here.metrics["loss"], rtol=1e-11)
    for name, leaf in here.state.params.items():
        np.testing.assert_allclose(there.state.params[name], leaf, rtol=1e-11)
    np.testing.assert_array_equal(fit_on(GPU).state.params["w"], there.state.params["w"])
    checkpoints.save(tmp_path, here.state, step=on_devices.NUM_STEPS)
    restored = checkpoints.restore(tmp_path, like=there.state)
    assert restored.params["w"].devices() == {GPU}
    np.testing.assert_array_equal(restored.params["w"], here.state.params["w"])
    again = fit_on(GPU, restored)
    assert int(again.state.step) == 2 * on_devices.NUM_STEPS
    assert np.isfinite(again.metrics["loss"]).all()
