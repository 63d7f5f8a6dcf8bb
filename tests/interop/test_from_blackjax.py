"""Test errors, declared constants and ways of counting of wrapped BlackJAX algorithms."""

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


def test_built_algorithms_and_unhashable_parameters_are_rejected():
    with pytest.raises(TypeError, match="builds the algorithm itself"):
        from_blackjax(blackjax.mala(density, 0.1), density)
    with pytest.raises(TypeError, match="can be hashed"):
        from_blackjax(blackjax.mala, density, step_size={1, 2})


def test_an_orbit_is_rejected_since_it_is_no_position():
    with pytest.raises(TypeError, match="PeriodicOrbitalState has none"):
        first_draws(blackjax.orbital_hmc, step_size=0.1, inverse_mass_matrix=jnp.ones(2), period=4)


def test_counts_that_the_trace_cannot_know_vary_and_integers_do_not():
    draws = first_draws(blackjax.rmhmc, step_size=0.1, mass_matrix=jnp.ones(2), num_integration_steps=4)
    assert draws.constant == {"n_steps", "step_size"}


def test_chains_that_are_counted_as_they_run_are_counted_one_by_one():
    sampler = from_blackjax(blackjax.slice_sampling, density, interval=blackjax.mcmc.slice.stepping_out)
    keys = jax.random.split(jax.random.key(0), 8)
    states = jax.vmap(sampler.init)(keys, jax.random.normal(keys[0], (8, 2)))
    together = jax.jit(jax.vmap(sampler.step))(keys, states)[1].info["num_log_densities"]
    step = jax.jit(sampler.step)
    alone = [
        step(key, jax.tree.map(lambda leaf, i=i: leaf[i], states))[1].info["num_log_densities"]
        for i, key in enumerate(keys)
    ]
    assert together.tolist() == [int(count) for count in alone]
    assert len(set(together.tolist())) > 1


def test_only_what_reports_all_its_loops_is_counted_in_the_trace():
    integrators = blackjax.mcmc.integrators
    assert is_counted_in_trace(blackjax.hmc.differentiable, {})
    assert is_counted_in_trace(blackjax.mhmc.differentiable, {"integrator": integrators.yoshida})
    assert is_counted_in_trace(blackjax.mclmc.differentiable, {})
    assert not is_counted_in_trace(blackjax.hmc.differentiable, {"integrator": integrators.implicit_midpoint})
    assert not is_counted_in_trace(blackjax.hmc.differentiable, {"integrator": density})
    assert not is_counted_in_trace(blackjax.hmc.differentiable, {"build_proposal": density})
    assert not is_counted_in_trace(density, {})
