"""The same step on a GPU gives the same run; where there is none, nothing is asked.

In float64 each device rounds sums of some hundred terms in its own order, and twenty steps carry that on: a
few thousand times 2^-53 at most, of which 1e-11 leaves a margin and a float32 in disguise (1e-7) does not.
"""

import contextlib

import jax
import numpy as np
import pytest

from jgen.training import checkpoints, init_state, shuffled
from tests.helpers.on_devices import NUM_STEPS, OPTIMIZER, fit, problem

ROUNDING = 1e-11


def first_of(platform):
    with contextlib.suppress(RuntimeError):  # which tells that there is none
        return jax.devices(platform)[0]
    return None


GPU, CPU = first_of("gpu"), first_of("cpu")
pytestmark = [pytest.mark.skipif(GPU is None, reason="there is no GPU"), pytest.mark.usefixtures("x64")]


def fit_on(device):
    params, data = problem()
    with jax.default_device(device):
        return fit(init_state(jax.random.key(0), params, OPTIMIZER), data, shuffled(16))


def test_a_gpu_trains_as_a_cpu_does():
    there, here = fit_on(GPU), fit_on(CPU)
    assert there.state.params["w"].devices() == {GPU}
    np.testing.assert_allclose(there.metrics["loss"], here.metrics["loss"], rtol=ROUNDING)
    for name, leaf in here.state.params.items():
        np.testing.assert_allclose(there.state.params[name], leaf, rtol=ROUNDING)


def test_what_a_cpu_saved_goes_on_on_a_gpu(tmp_path):
    half, whole = fit_on(CPU), fit_on(GPU)
    checkpoints.save(tmp_path, half.state, step=NUM_STEPS)
    restored = checkpoints.restore(tmp_path, like=whole.state)
    assert restored.params["w"].devices() == {GPU}
    np.testing.assert_array_equal(restored.params["w"], half.state.params["w"])
    _, data = problem()
    with jax.default_device(GPU):
        again = fit(restored, data, shuffled(16))
    assert int(again.state.step) == 2 * NUM_STEPS
    assert np.isfinite(again.metrics["loss"]).all()


def test_a_gpu_repeats_itself_bit_for_bit():
    np.testing.assert_array_equal(fit_on(GPU).state.params["w"], fit_on(GPU).state.params["w"])
