"""Test the ellipse and the bracket of elliptical slice sampling."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np

from jgen.distributions import gaussian
from jgen.samplers import elliptical_slice
from jgen.sampling.driver import sample
from jgen.targets import banana
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(11)
SHIPPED = importlib.import_module("jgen.samplers.mcmc.elliptical_slice")
PRIOR = gaussian(jnp.array([1.0, -2.0]), scale_tril=jnp.array([[1.0, 0.0], [3.0, 0.5]]))


def test_a_flat_likelihood_accepts_the_first_point_of_the_ellipse():
    """False alarm 2e-9 (six standard errors)."""
    sampler = elliptical_slice(lambda x: 0.0 * x[0], PRIOR)
    start = jax.vmap(PRIOR.sample)(jax.random.split(fresh_key(), 4000))
    run = sample(KEY, sampler, num_chains=4000, num_draws=1, position=start)
    assert np.all(run.draws.info["num_log_densities"] == 1)
    white = np.linalg.solve(PRIOR.scale_tril, (run.draws.value[:, 0] - np.asarray(PRIOR.loc)).T)
    size = (white**2).sum(axis=0)  # chi-square with two degrees of freedom: mean 2, variance 4
    assert abs(size.mean() - 2) < 6 * 2 / np.sqrt(4000)


def check_bracket(module):
    """Check that no chain finds its bracket empty: it is shrunk towards the position."""
    target = banana()
    start = jax.vmap(target.sample)(jax.random.split(KEY, 50))
    draws = sample(KEY, module.recipe(target).sampler, num_chains=50, num_draws=1, position=start).draws
    assert not draws.info["stuck"].any()


def test_bracket_keeps_the_position():
    check_bracket(SHIPPED)


def test_a_slice_that_shrinks_to_nothing_is_flagged_and_keeps_the_position():
    start = jnp.array([0.3, 0.4])
    sampler = elliptical_slice(lambda x: jnp.where(jnp.all(x == start), 0.0, -jnp.inf), PRIOR)
    state, draws = jax.jit(sampler.step)(KEY, sampler.init(KEY, start))
    # The bracket is below the resolution of a float long before, and then the point IS the position.
    assert int(draws.info["num_log_densities"]) <= 100
    assert np.array_equal(state.position, start)
    hopeless = elliptical_slice(lambda x: jnp.where(x[0] > 9.0, 0.0, jnp.nan), PRIOR)
    state = hopeless.init(KEY, start)._replace(log_density=jnp.float32(0.0))
    state, draws = jax.jit(hopeless.step)(KEY, state)
    assert bool(draws.info["stuck"])
    assert np.array_equal(state.position, start)
