"""Annealing and SMC: exact properties, and bugs they must not have."""

import secrets
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from planted_populations import FLIPPED, OFF_BY_ONE, WEIGHTING_BUGS
from planting import plant

from jgen.laws import weighting
from jgen.samplers import Path, annealed, metropolis, pilots_base, smc, tempering
from jgen.targets import double_well, rastrigin
from jgen.weights import kish_ess, resampling

# Weights in 64ths, so that eight evenly spaced uniforms see every way to lay eight points.
WEIGHTS = np.array([0, 1, 7, 8, 9, 15, 24, 0]) / 64


# The law makes 40,000 draws of each.
@pytest.mark.slow
@pytest.mark.parametrize("name", WEIGHTING_BUGS)
def test_planted_weights_are_caught(name, kills):
    module = plant(WEIGHTING_BUGS[name])
    with kills(name):
        for target in (double_well(), rastrigin()):
            weighting(
                lambda target, scale: module.recipe(target, scale).sampler,
                target,
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


PATH = Path(dist.Normal(0.0, 1.0), lambda x: -0.5 * x**2)
LADDERS = {
    "an empty ladder": ([], r"rise from 0 to 1.*got shape \(0,\)"),
    "one temperature": ([1.0], r"rise from 0 to 1.*got shape \(1,\)"),
    "a reversed ladder": ([1.0, 0.5, 0.0], r"betas\[1\] = 0.5 does not lie above betas\[0\] = 1.0"),
    "a temperature twice": ([0.0, 0.5, 0.5, 1.0], r"betas\[2\] = 0.5 does not lie above betas\[1\] = 0.5"),
    "not a number": ([0.0, float("nan"), 1.0], "does not lie above"),
    "short of the target": ([0.0, 0.5], "rise from 0 to 1"),
    "not from the base": ([0.1, 1.0], "rise from 0 to 1"),
}


@pytest.mark.parametrize("name", LADDERS)
def test_ladders_that_lead_nowhere_are_refused(name):
    betas, message = LADDERS[name]
    for make in (annealed, tempering, partial(smc, num_particles=8)):
        with pytest.raises(ValueError, match=message):
            make(PATH, metropolis, betas=betas)


SIZES = {
    "no particles": ({"num_particles": 0}, "num_particles must be at least 1"),
    "half a particle": ({"num_particles": 2.5}, "it must be an integer; got 2.5"),
    "no pilots to choose": ({"num_particles": 8, "num_pilots": 0}, "take num_pilots >= 1"),
    "no temperatures": ({"num_particles": 8, "max_temperatures": 0}, "max_temperatures must be at least 1"),
    "no steps": ({"num_particles": 8, "num_steps": 0}, "num_steps must be at least 1"),
    "more than all": ({"num_particles": 8, "ess_fraction": 1.5}, "ess_fraction is a fraction"),
}


@pytest.mark.parametrize("name", SIZES)
def test_populations_of_no_size_are_refused(name):
    options, message = SIZES[name]
    with pytest.raises((ValueError, TypeError), match=message):
        smc(PATH, metropolis, **options)
