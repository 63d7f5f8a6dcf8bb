"""Many devices, and several processes, are one device: the same losses, parameters and checkpoints."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from jgen.training import checkpoints, data_parallel, init_state, shuffled
from tests.helpers import on_devices

PROGRAM = Path(on_devices.__file__)


def start(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[2])}
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(*processes):
    try:
        for process in processes:
            said, _ = process.communicate(timeout=150)
            assert process.returncode == 0, said
    finally:
        for process in processes:
            process.kill()


@pytest.fixture
def alone(tmp_path):
    """The run on one device, in this process; its state is saved for others to restore."""
    params, data = on_devices.problem()
    with jax.enable_x64(True):
        state = init_state(jax.random.key(0), params, on_devices.OPTIMIZER)
        run = on_devices.fit(state, data, shuffled(on_devices.BATCH_SIZE))
        checkpoints.save(tmp_path / "by_one", run.state, step=on_devices.NUM_STEPS)
        yield run


def check(alone, directory):
    """Equal but for the order of sums: 20 contracting steps leave some hundred units of the last place."""
    state = checkpoints.restore(directory, like=alone.state)
    np.testing.assert_array_equal(jax.random.key_data(state.key), jax.random.key_data(alone.state.key))
    for name, leaf in alone.state.params.items():
        np.testing.assert_allclose(state.params[name], leaf, rtol=1e-12)
    np.testing.assert_allclose(checkpoints.notes(directory)["losses"], alone.metrics["loss"], rtol=1e-12)


def test_eight_devices_are_one_and_share_its_checkpoints(alone, tmp_path):
    finish(start(tmp_path, 8))
    for directory in ("by_all", "by_two"):
        state = checkpoints.restore(tmp_path / directory, like=alone.state)
        assert state.params["w"].sharding.num_devices == 1
        for name, leaf in alone.state.params.items():
            np.testing.assert_allclose(state.params[name], leaf, rtol=1e-12)
    check(alone, tmp_path / "by_all")


@pytest.mark.slow
def test_two_processes_are_one_and_share_its_checkpoints(alone, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    finish(*(start(tmp_path, 4, rank, 2, port) for rank in range(2)))
    check(alone, tmp_path / "by_all")


def test_a_batch_that_does_not_divide_is_named():
    mesh = jax.sharding.AbstractMesh((8,), ("data",))
    with pytest.raises(ValueError, match=r"shape \(10,\) does not divide over 8 devices"):
        jax.eval_shape(data_parallel(shuffled(10), mesh), np.arange(20), jax.random.key(0), 0)
