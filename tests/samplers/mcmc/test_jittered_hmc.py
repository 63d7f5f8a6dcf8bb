"""Test the trajectory lengths of jittered HMC."""

import jax
import numpy as np

from jgen.samplers import hmc, jittered_hmc
from jgen.targets import banana

KEY = jax.random.key(12)


def test_draws_are_those_of_hmc_at_lengths_that_fill_their_interval():
    """The same key, as many steps: the same draw, but for the rounding of two programs; no more steps than
    are allowed; lengths that fill (0, T) evenly."""
    target, step_size, longest = banana(), 0.3, 6.0
    jittered = jittered_hmc(target.log_density, step_size=step_size, trajectory_length=longest, max_steps=15)

    @jax.jit
    def step(key, state):
        after, draws = jittered.step(key, state)
        plain = hmc(target.log_density, step_size=step_size, num_steps=draws.info["n_steps"])
        _, expected = plain.step(key, plain.init(key, state.position))
        return after, draws, expected.value

    state, lengths = jittered.init(KEY, target.start), []
    for key in jax.random.split(KEY, 8):
        state, draws, expected = step(key, state)
        np.testing.assert_allclose(draws.value, expected, rtol=np.finfo(np.float32).eps ** 0.5)
        assert draws.info["n_steps"] == min(np.ceil(state.last_trajectory.length / step_size), 15)
        lengths.append(float(state.last_trajectory.length))
    # 8 multiples of the golden ratio, 8 a Fibonacci number, stand like the middles of 8 equal parts.
    assert np.abs(np.sort(lengths) / longest - (np.arange(8) + 0.5) / 8).max() < 1 / 8
