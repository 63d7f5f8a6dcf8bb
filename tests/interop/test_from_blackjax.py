"""Test errors, declared constants and ways of counting of wrapped BlackJAX algorithms."""

import itertools

import jax
import jax.numpy as jnp
import pytest

from jgen.interop import from_blackjax
from jgen.interop.from_blackjax import is_counted_in_trace

blackjax = pytest.importorskip("blackjax")


def density(x):
    return -0.5 * jnp.sum(x**2)


def first_draws(build, **parameters):
    sampler = from_blackjax(build, density, **parameters)
    state = jax.eval_shape(sampler.init, jax.random.key(0), jnp.full(2, 1.0))  # a weak type
    return jax.eval_shape(sampler.step, jax.random.key(0), state)[1]


def test_costs_that_cannot_vary_are_declared_constant():
    options = {"step_size": 0.1, "inverse_mass_matrix": jnp.ones(2)}
    costs = {"num_grads", "num_log_densities"}
    static = first_draws(blackjax.hmc, num_integration_steps=8, **options)
    assert static.constant == costs | {"n_steps", "step_size"}
    assert first_draws(blackjax.nuts, **options).constant == {"step_size"}
    assert first_draws(blackjax.mala, step_size=0.1).constant == costs | {"step_size"}
    # What the trace cannot know varies; integers that are options do not.
    draws = first_draws(blackjax.rmhmc, step_size=0.1, mass_matrix=jnp.ones(2), num_integration_steps=4)
    assert draws.constant == {"n_steps", "step_size"}


def test_built_algorithms_and_unhashable_parameters_are_rejected():
    with pytest.raises(TypeError, match="builds the algorithm itself"):
        from_blackjax(blackjax.mala(density, 0.1), density)
    with pytest.raises(TypeError, match="can be hashed"):
        from_blackjax(blackjax.mala, density, step_size={1, 2})


def test_an_orbit_is_rejected_since_it_is_no_position():
    with pytest.raises(TypeError, match="PeriodicOrbitalState has none"):
        first_draws(blackjax.orbital_hmc, step_size=0.1, inverse_mass_matrix=jnp.ones(2), period=4)


def test_chains_that_are_counted_as_they_run_are_counted_one_by_one():
    sampler = from_blackjax(blackjax.slice_sampling, density, interval=blackjax.mcmc.slice.stepping_out)
    keys = jax.random.split(jax.random.key(0), 8)
    states = jax.vmap(sampler.init)(keys, jax.random.normal(keys[0], (8, 2)))
    together, alone = (
        mapped(lambda pair: sampler.step(*pair)[1].info["num_log_densities"], (keys, states)).tolist()
        for mapped in (lambda step, pairs: jax.vmap(step)(pairs), jax.lax.map)
    )
    assert together == alone
    assert len(set(together)) > 1


def test_only_what_reports_all_its_loops_is_counted_in_the_trace():
    integrators, hmc = blackjax.mcmc.integrators, blackjax.hmc.differentiable
    counted = [(hmc, {}), (blackjax.mhmc.differentiable, {"integrator": integrators.yoshida})]
    others = [(hmc, {"integrator": integrators.implicit_midpoint}), (hmc, {"integrator": density})]
    others += [(hmc, {"build_proposal": density}), (density, {})]
    assert all(itertools.starmap(is_counted_in_trace, [*counted, (blackjax.mclmc.differentiable, {})]))
    assert not any(itertools.starmap(is_counted_in_trace, others))
