"""Few bits, averages and gathered gradients, in restarts and over devices, on the bound of a VAE."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from jgen.training import init_restarts
from tests.helpers import step_options as options

PROGRAM = Path(options.__file__)


def restarts(name):
    return init_restarts(options.KEY, options.MODEL.init, options.OPTIONS[name][1], 3)


def pick(state, i):
    return jax.tree.map(lambda leaf: leaf[i], state)


@pytest.mark.slow
@pytest.mark.parametrize("name", options.OPTIONS)
def test_each_restart_is_the_run_alone(name):
    together = options.run(name, restarts(name))
    for i in range(3):
        start = pick(restarts(name), i)
        alone = options.run(name, jax.tree.map(lambda leaf: leaf.copy(), start))
        options.check_equal(name, start, alone, pick(together, i))


@pytest.mark.weekly
def test_a_batch_shared_out_over_devices_is_the_whole():
    eight = {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": "8", "PYTHONPATH": str(PROGRAM.parents[2])}
    environment = {**os.environ, **eight}
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
