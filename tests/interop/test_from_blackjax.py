"""Test errors and declared constants of wrapped BlackJAX algorithms."""

import jax
import jax.numpy as jnp
import pytest

from jgen.interop import from_blackjax

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


def test_built_algorithms_and_uncounted_ones_are_rejected():
    with pytest.raises(TypeError, match="builds the algorithm itself"):
        from_blackjax(blackjax.mala(density, 0.1), density)
    with pytest.raises(TypeError, match="can be hashed"):
        from_blackjax(blackjax.mala, density, step_size={1, 2})
    for build, options in (
        (blackjax.coordinate_slice, {}),
        (blackjax.rmhmc, {"step_size": 0.1, "mass_matrix": jnp.ones_like, "num_integration_steps": 4}),
    ):
        with pytest.raises(TypeError, match="cannot be counted"):
            first_draws(build, **options)
