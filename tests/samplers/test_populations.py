"""Annealing and SMC: exact properties, and bugs they must not have."""

import secrets

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from planted_populations import FLIPPED, OFF_BY_ONE, WEIGHTING_BUGS
from planting import plant

from jgen.laws import weighting
from jgen.samplers import pilots_base
from jgen.targets import double_well
from jgen.weights import kish_ess, resampling

# Weights in 64ths, so that eight evenly spaced uniforms see every way to lay eight points.
WEIGHTS = np.array([0, 1, 7, 8, 9, 15, 24, 0]) / 64


# The law makes 40,000 draws of each.
@pytest.mark.slow
@pytest.mark.parametrize("name", WEIGHTING_BUGS)
def test_planted_weights_are_caught(name, kills):
    module = plant(WEIGHTING_BUGS[name])
    with kills(name):
        weighting(
            lambda target, scale: module.recipe(target, scale).sampler,
            double_well(),
            jax.random.key(secrets.randbits(31)),
        )


def check_copies(module):
    """Over all uniforms each draw has 8 w copies on average, and at each one floor or ceil of that."""
    copies = [
        np.bincount(module.ancestors(jnp.log(WEIGHTS), jnp.float32(u)), minlength=8)
        for u in (np.arange(8) + 0.5) / 8
    ]
    assert np.all(np.abs(np.array(copies) - 8 * WEIGHTS) < 1)
    np.testing.assert_array_equal(np.mean(copies, axis=0), 8 * WEIGHTS)


def test_systematic_copies_are_exact_over_the_uniform(kills):
    check_copies(resampling)
    with kills("11 systematic resampling, off by one", error=AssertionError):
        check_copies(plant(OFF_BY_ONE))


def check_next(module):
    ratio = 3.0 * jax.random.normal(jax.random.key(0), (1000,))
    beta = module.found(jnp.float32(0.8), jnp.int32(0), jnp.float32(0.0), jnp.zeros(1000), ratio)
    np.testing.assert_allclose(kish_ess(beta * ratio) / 1000, 0.8, rtol=1e-3)


def test_the_next_temperature_has_the_ess_asked_for(kills):
    check_next(pilots_base)
    with kills("4 SMC, the ESS criterion turned round", error=AssertionError):
        check_next(plant(FLIPPED))
