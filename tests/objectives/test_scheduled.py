"""Test objectives that change during training."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.objectives import elbo, renyi, scheduled
from jgen.testing import count_compilations
from tests.helpers.linear_gaussian import MODEL, data, inexact_params


def ramp(top, step):
    return top * jnp.minimum(step / 10, 1.0)


@pytest.mark.usefixtures("x64")
def test_values_are_those_of_the_step():
    params, x = inexact_params(), data()
    schedule = optax.linear_schedule(0.0, 2.0, 100)
    objective = scheduled(Partial(elbo, MODEL), beta=schedule, capacity=Partial(ramp, 3.0))
    at = jax.jit(lambda objective, step: objective.at(step)(params, x, jax.random.key(0))[0])
    direct_of = jax.jit(lambda objective, *inputs: objective(*inputs))
    for step in (0, 5, 50):
        options = {"beta": float(schedule(step)), "capacity": float(ramp(3.0, step))}
        direct = direct_of(elbo(MODEL, **options), params, x, jax.random.key(0))[0]
        np.testing.assert_allclose(at(objective, jnp.int32(step)), direct, rtol=1e-6)  # schedules are float32
    with count_compilations() as compiled:
        at(scheduled(Partial(elbo, MODEL), beta=schedule, capacity=Partial(ramp, 5.0)), jnp.int32(3))
    assert not compiled


def test_a_schedule_may_cross_alpha_1_of_renyi():
    params, x = inexact_params(), data()
    make = Partial(bind_static(renyi, num_particles=2), MODEL)
    objective = scheduled(make, alpha=Partial(ramp, 2.0))  # 1 at the fifth step
    at = jax.jit(lambda objective, step: objective.at(step)(params, x, jax.random.key(0)))
    loss, aux = at(objective, jnp.int32(5))
    np.testing.assert_allclose(-loss, aux["elbo"].mean(), rtol=1e-6)
    losses = [float(at(objective, jnp.int32(step))[0]) for step in (0, 4, 5, 6, 10)]
    assert losses == sorted(losses)


def test_schedules_that_are_no_functions_are_refused():
    with pytest.raises(TypeError, match="beta must be a function"):
        scheduled(elbo, beta=1.0)
    with pytest.raises(ValueError, match="at least one schedule"):
        scheduled(elbo)
