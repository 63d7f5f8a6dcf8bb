"""What is told to be still is still, and what a driver keeps once is what each step said."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jgen.samplers
from jgen._internal.loop_invariants import still_outputs
from jgen._internal.members import members
from jgen.samplers import hmc
from jgen.sampling.chains import advance, start
from jgen.sampling.driver import resume
from jgen.targets import standard_gaussian

NUM_CHAINS, NUM_DRAWS = 3, 5


def outputs_of(body, *arguments, carried=()):
    return still_outputs(jax.jit(body).trace(*arguments).jaxpr, carried)


def test_what_is_moved_moves_all_that_is_made_of_it():
    def body(kept, moved, data):
        return kept, moved + 1, jnp.where(moved > 0, kept, data), jnp.where(data > 0, kept, data), 2.0

    carried = [(0, 0), (1, 1)]
    assert outputs_of(body, 1.0, 1.0, 1.0, carried=carried) == [True, False, False, True, True]


def test_two_inputs_that_change_places_are_not_still():
    assert outputs_of(lambda a, b: (b, a), 1.0, 2.0, carried=[(0, 0), (1, 1)]) == [False, False]


def test_what_calls_the_host_is_not_still():
    def body(x):
        return jax.experimental.io_callback(lambda y: y, jax.ShapeDtypeStruct((), jnp.float32), x), x

    assert outputs_of(body, jnp.float32(1)) == [False, True]


@functools.cache
def placed(name):
    recipe = members(jgen.samplers, "recipe")[name].recipe(standard_gaussian(2))
    if recipe is None:
        pytest.skip(f"{name} declines a Gaussian")
    position = jnp.zeros((NUM_CHAINS, 2))
    return recipe.sampler, start(jax.random.key(0), recipe.sampler, num_chains=NUM_CHAINS, position=position)[
        0
    ]


EACH_PUSH = {"direct", "hmc", "importance"}  # of the others, compiling takes longer
ALL = [
    pytest.param(name, marks=() if name in EACH_PUSH else pytest.mark.weekly)
    for name in members(jgen.samplers, "recipe")
]


@pytest.mark.parametrize("name", ALL)
def test_a_run_says_what_its_steps_say(name):
    """Each leaf of each draw to the last bits, those kept once for all draws too."""
    sampler, state = placed(name)
    run = resume(state, sampler, num_draws=NUM_DRAWS)
    step = jax.jit(advance)
    for index in range(NUM_DRAWS):
        state, draws = step(sampler, state)
        for stored, made in zip(jax.tree.leaves(run.draws), jax.tree.leaves(draws), strict=True):
            np.testing.assert_allclose(stored[:, index], made, rtol=1e-4, atol=1e-5)


def test_what_is_still_is_kept_once():
    sampler = hmc(standard_gaussian(2).log_density, step_size=0.5)
    run = resume(start(jax.random.key(0), sampler, position=jnp.zeros((4, 2)))[0], sampler, num_draws=100)
    assert {name for name, fact in run.draws.info.items() if fact.strides[1] == 0} == {
        "n_steps",
        "num_grads",
        "num_log_densities",
        "step_size",
    }
    assert run.cost.num_grads == 4 * 100 * 10
    assert run.executed == 4 * 100 * 10
