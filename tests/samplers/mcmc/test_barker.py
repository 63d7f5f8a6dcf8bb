"""Test the length of Barker's proposals."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.samplers import barker


def test_proposals_on_a_steep_density_are_as_long_as_their_noise():
    """A step of MALA would be thrown far out; a noise beyond six standard deviations has probability 2e-9."""

    def quartic(x):
        return -jnp.sum(x**4)

    @jax.jit
    def step(position):
        sampler, key = barker(quartic, step_size=0.5), jax.random.key(11)
        return sampler.step(key, sampler.init(key, position))[1].value

    flat, steep = (np.asarray(step(jnp.full(4, start))) for start in (0.0, 100.0))
    assert np.all(np.abs(steep - 100.0) < 0.5 * 6.0)
    assert np.all(steep < 100.0)  # a sign goes uphill with probability 1 - exp(-force)
    assert np.isfinite(flat).all()
