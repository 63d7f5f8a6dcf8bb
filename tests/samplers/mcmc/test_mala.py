"""Test that MALA is HMC with one leapfrog step."""

import jax
import numpy as np

from jgen.samplers import hmc, mala
from jgen.targets import banana
from jgen.testing.sampler_checks.target_draws import exact_draws

KEY = jax.random.key(8)


def test_step_is_that_of_hmc_with_one_leapfrog(x64):
    """The same noise and the same uniform, hence the same proposal and decision, but for rounding."""
    target = banana()
    options = {"step_size": 0.2, "inverse_mass_matrix": target.variance}
    position = exact_draws(KEY, target, 64)

    def step(sampler):
        return jax.jit(jax.vmap(lambda x: sampler.step(KEY, sampler.init(KEY, x))[1]))(position)

    ours = step(mala(target.log_density, **options))
    theirs = step(hmc(target.log_density, num_steps=1, **options))
    # Two orders of some hundred float64 sums, of energies below 1e4 nats: 100 x 1e4 x 1e-16.
    np.testing.assert_allclose(ours.info["acceptance_rate"], theirs.info["acceptance_rate"], atol=1e-10)
    np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-10, atol=1e-10)
    del x64
