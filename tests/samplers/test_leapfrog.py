"""Test the order of the leapfrog integrator."""

import jax
import jax.numpy as jnp

from jgen.samplers import hmc
from jgen.samplers.accept import normal_and_log_uniform
from jgen.targets import banana

KEY = jax.random.key(8)


def test_energy_error_is_of_second_order(x64):
    """At a fixed length it falls by four when the step is halved; that of a first-order integrator (a full
    kick, a kick forgotten) falls by two."""
    target, start = banana(), jnp.array([3.0, 1.0])

    @jax.jit
    def error(step, num_steps):
        sampler = hmc(target.log_density, step_size=step, num_steps=num_steps)
        energy = sampler.step(KEY, sampler.init(KEY, start))[1].info["energy"]
        noise, _ = normal_and_log_uniform(KEY, start)
        return abs(energy - (0.5 * noise @ noise - target.log_density(start)))

    assert 3.9 < error(0.008, 10) / error(0.004, 20) < 4.1
    del x64
