"""Test dual averaging against its equations."""

import jax.numpy as jnp
import numpy as np
import pytest

from jgen.sampling.adaptation.dual_averaging import (
    check_target_acceptance,
    dual_averaging_init,
    dual_averaging_update,
)


def test_dual_averaging_is_hoffman_and_gelmans():
    """The paper's equations (6), written as sums over the past, drawn to the first step size."""
    rates, target = np.array([0.9, 0.2, 0.7, 0.6]), 0.65
    state = dual_averaging_init(jnp.float32(0.3))
    log_average = np.log(0.3)
    for t in range(1, 5):
        state = dual_averaging_update(state, jnp.float32(rates[t - 1]), jnp.float32(target))
        mean_error = np.sum(target - rates[:t]) / (t + 10)
        log_step = np.log(0.3) - np.sqrt(t) / 0.05 * mean_error
        log_average = t**-0.75 * log_step + (1 - t**-0.75) * log_average
        np.testing.assert_allclose(float(state.log_step), log_step, rtol=1e-5)
    np.testing.assert_allclose(float(state.log_average), log_average, rtol=1e-5)


@pytest.mark.parametrize("target", [0.0, 1.0, -1.0, float("nan")])
def test_impossible_targets_are_rejected(target):
    with pytest.raises(ValueError, match=r"inside \(0, 1\)"):
        check_target_acceptance(target)
