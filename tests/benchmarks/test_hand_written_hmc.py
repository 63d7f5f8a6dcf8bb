"""Check that the hand-written HMC draws from its target."""

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.contenders import min_ess
from benchmarks.hand_written_hmc import hand_written_hmc


@pytest.mark.slow
def test_variances_are_those_of_the_target():
    """Variances 1 and 4, with 6 standard errors: a false-alarm rate of 4e-9."""
    variance = jnp.array([1.0, 4.0])
    start, step_size = jnp.zeros((64, 2)), jnp.array(0.4)
    hmc = hand_written_hmc(lambda x: -0.5 * jnp.sum(x**2 / variance), start, step_size, variance, 4)
    drawn = hmc.draw(400)
    assert drawn.num_grads == 64 * 400 * 4
    error = np.sqrt(2 / min_ess(drawn.draws, 2))
    np.testing.assert_allclose(drawn.draws.value[:, 20:].var((0, 1)) / variance, 1.0, atol=6 * error)
