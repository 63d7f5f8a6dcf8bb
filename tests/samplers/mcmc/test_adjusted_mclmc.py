"""Test the order of the integrator of adjusted MCLMC."""

import importlib

import jax
import jax.numpy as jnp

from jgen.targets import banana

SHIPPED = importlib.import_module("jgen.samplers.mcmc.adjusted_mclmc")


def check_order(module):
    """Check that at a fixed length the energy error falls by four when the step is halved."""
    key = jax.random.key(11)

    @jax.jit
    def error(step, num_steps):
        sampler = module.adjusted_mclmc(banana().log_density, step_size=step, num_steps=num_steps)
        return sampler.step(key, sampler.init(key, jnp.array([3.0, 1.0])))[1].info["energy_error"]

    with jax.enable_x64(True):
        ratio = float(error(0.008, 10) / error(0.004, 20))
    assert 3.9 < ratio < 4.1


def test_integrator_is_of_second_order():
    check_order(SHIPPED)
