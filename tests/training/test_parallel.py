"""Check that several devices or processes give the run of one device."""

import jax
import numpy as np
import pytest

from jgen.training import checkpoints, data_parallel, init_restarts, init_state, shuffled
from tests.helpers import on_devices, step_options as options
from tests.helpers.processes import finish, free_port, start


@pytest.fixture
def alone(tmp_path):
    """Run on one device in this process, and save the state for others to restore."""
    params, data = on_devices.problem()
    with jax.enable_x64(True):
        state = init_state(jax.random.key(0), params, on_devices.OPTIMIZER)
        run = on_devices.fit(state, data, shuffled(on_devices.BATCH_SIZE))
        checkpoints.save(tmp_path / "by_one", run.state, step=on_devices.NUM_STEPS)
        yield run


def check(alone, directory):
    """Compare up to the order of sums: 20 contracting steps leave some hundred units in the last place."""
    state = checkpoints.restore(directory, like=alone.state)
    np.testing.assert_array_equal(jax.random.key_data(state.key), jax.random.key_data(alone.state.key))
    for name, leaf in alone.state.params.items():
        np.testing.assert_allclose(state.params[name], leaf, rtol=1e-12)
    np.testing.assert_allclose(checkpoints.notes(directory)["losses"], alone.metrics["loss"], rtol=1e-12)


@pytest.mark.slow
def test_eight_devices_equal_one_and_share_checkpoints(alone, tmp_path):
    finish(start(on_devices, tmp_path, 8))
    for directory in ("by_all", "by_two"):
        state = checkpoints.restore(tmp_path / directory, like=alone.state)
        assert state.params["w"].sharding.num_devices == 1
        for name, leaf in alone.state.params.items():
            np.testing.assert_allclose(state.params[name], leaf, rtol=1e-12)
    check(alone, tmp_path / "by_all")


@pytest.mark.slow
def test_two_processes_equal_one_and_share_checkpoints(alone, tmp_path):
    port = free_port()
    finish(*(start(on_devices, tmp_path, 4, rank, 2, port) for rank in range(2)))
    check(alone, tmp_path / "by_all")


def test_a_batch_that_does_not_divide_is_rejected():
    mesh = jax.sharding.AbstractMesh((8,), ("data",))
    with pytest.raises(ValueError, match=r"shape \(10,\) does not divide over 8 devices"):
        jax.eval_shape(data_parallel(shuffled(10), mesh), np.arange(20), jax.random.key(0), 0)


def restarts(name):
    return init_restarts(options.KEY, options.MODEL.init, options.OPTIONS[name][1], 3)


def pick(state, i):
    return jax.tree.map(lambda leaf: leaf[i], state)


@pytest.mark.slow
@pytest.mark.parametrize("name", options.OPTIONS)
def test_step_options_in_restarts_equal_single_runs(name):
    together = options.run(name, restarts(name))
    for i in range(3):
        start = pick(restarts(name), i)
        alone = options.run(name, jax.tree.map(lambda leaf: leaf.copy(), start))
        options.check_equal(name, start, alone, pick(together, i))


@pytest.mark.weekly
def test_step_options_over_devices_equal_one_device():
    finish(start(options, JAX_PLATFORMS="cpu", JAX_NUM_CPU_DEVICES="8"))
