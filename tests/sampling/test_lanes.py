"""Test chains over few lanes: the same draws as in lockstep, in fewer evaluations."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

import jgen.samplers
import jgen.sampling.lanes
from jgen._internal.buffers import buffer_shapes, zeros
from jgen.samplers import hmc, nuts, thin
from jgen.samplers.state_machine import StateMachine, run_to_completion
from jgen.sampling.chains import draws_shapes
from jgen.sampling.driver import resume, sample, start
from jgen.sampling.lanes import next_chains, state_machine_of
from jgen.sampling.reducers import moments
from jgen.targets import banana, funnel, standard_gaussian
from jgen.testing import members
from jgen.testing.sampler_checks.target_draws import exact_draws
from jgen.types import DrawKind, Draws, Sampler
from tests.helpers.aimed_samplers import same
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(17)
LONG, FEW = 30, 4


class Walk(NamedTuple):
    """Work of a state machine whose draws take one step or thirty, with probability 1/2 each."""

    key: jax.Array
    total: jax.Array
    turns: jax.Array
    length: jax.Array
    done: jax.Array


def init_work(key, _):
    length = jnp.where(jax.random.bernoulli(key), LONG, 1)
    return Walk(key, jnp.float32(0), jnp.int32(0), length, jnp.bool(False))


def step_work(_, walk):
    turns = walk.turns + 1
    total = walk.total + jax.random.uniform(jax.random.fold_in(walk.key, turns))
    return Walk(walk.key, total, turns, walk.length, turns >= walk.length)


def finalize(state, walk):
    state = 0.5 * state + walk.total
    info = {"is_long": walk.length == LONG, "num_grads": walk.turns, "num_log_densities": jnp.int32(0)}
    return state, Draws(state, info, None, DrawKind.MARKOV)


def walk_init(_, position):
    return position


MACHINE = StateMachine(Partial(init_work), Partial(step_work), Partial(finalize))
WALK = Sampler(Partial(walk_init), Partial(run_to_completion, MACHINE))


def started(num_chains, key=KEY):
    return start(key, WALK, num_chains=num_chains, position=jnp.zeros(num_chains))[0]


def through(module, state, num_lanes, count, size):
    """Return the draws of a module's ``run_lanes``, and the states after them."""
    buffer = zeros(buffer_shapes(size, draws_shapes(WALK, state)))
    states, draws, _ = jax.jit(module.run_lanes, static_argnums=6)(MACHINE, *state, count, buffer, num_lanes)
    return states, draws


@functools.cache
def together(num_chains, count):
    return resume(started(num_chains), WALK, num_draws=count)


def check_draws_of_lockstep(module):
    """Check 20 chains over 17 lanes: some lanes run a second chain, and others are soon idle."""
    states, draws = through(module, started(20), 17, 6, 8)
    expected = together(20, 6)
    made = jax.tree.map(lambda rows: np.asarray(rows)[:6].swapaxes(0, 1), draws)
    assert same((made, states), (expected.draws, expected.state.states))


def check_share_of_long_draws(module):
    """Half of all draws are long; of 6,000, the share is off by 6 standard deviations with a probability of
    2 exp(-18) = 3e-8 at most (Hoeffding). A total count leaves out the long ones."""
    _, draws = through(module, started(2000, fresh_key()), 2000, 3, 64)
    is_long = np.asarray(draws.info["is_long"])[np.asarray(draws.info["num_grads"]) > 0]
    assert abs(is_long.mean() - 0.5) < 6 * 0.5 / np.sqrt(is_long.size), is_long.mean()


@pytest.mark.parametrize("check", [check_draws_of_lockstep, check_share_of_long_draws])
def test_lanes_make_the_draws_of_lockstep(check):
    check(jgen.sampling.lanes)


@pytest.mark.parametrize("num_lanes", [1, 3, 8])
def test_evaluations_are_counted(num_lanes):
    """Each step evaluates in every lane, as the program itself counts; in lockstep a draw takes as long as
    the longest."""
    calls = []

    def counted(state, walk):
        jax.debug.callback(calls.append, walk.turns)
        return step_work(state, walk)

    sampler = WALK._replace(step=Partial(run_to_completion, MACHINE._replace(step=Partial(counted))))
    run = resume(started(8), sampler, num_draws=20, num_lanes=num_lanes)
    needed = run.draws.info["num_grads"].astype(int)  # [chain, draw]
    assert (*run.cost, run.utilisation) == (needed.sum(), 0, needed.sum() / run.executed)
    assert run.executed >= num_lanes * max(needed.sum(axis=1).max(), needed.sum() / num_lanes)
    lockstep = together(8, 20)
    assert lockstep.executed == 8 * needed.max(axis=0).sum()
    assert lockstep.utilisation < run.utilisation
    jax.effects_barrier()
    assert len(calls) == run.executed


def is_machine(module):
    recipe = module.recipe(banana())
    return recipe is not None and any(isinstance(bound, StateMachine) for bound in recipe.sampler.step.args)


MACHINES = {name: module for name, module in members(jgen.samplers, "recipe").items() if is_machine(module)}


def test_the_machines_are_found():
    assert {"nuts", "slice_sampler", "elliptical_slice", "accept_reject"} <= set(MACHINES)


@pytest.mark.parametrize("name", first_of_each(MACHINES))
def test_samplers_draw_the_same_over_lanes(name):
    """Bit for bit, for any lanes and chunks: the banana is computed coordinate by coordinate."""
    sampler = MACHINES[name].recipe(banana()).sampler
    state, _ = start(KEY, sampler, num_chains=16, position=exact_draws(KEY, banana(), 16))
    whole = resume(state, sampler, num_draws=20, chunk_size=20, reducers={"moments": moments()})
    half = resume(state, sampler, num_draws=10, chunk_size=20, num_lanes=5)
    rest = resume(half.state, sampler, num_draws=10, chunk_size=20, num_lanes=5)
    assert same(whole.state.states, rest.state.states)
    assert same(whole.draws, jax.tree.map(lambda *a: np.concatenate(a, axis=1), half.draws, rest.draws))


@pytest.mark.weekly
def test_lanes_are_busy_where_lockstep_idles_and_draw_the_same(x64):
    """NUTS on Neal's funnel, 256 chains: of 20 lanes 1 works where all go together, 18 at their own pace, and
    the draws are the same: but for sums in other orders, 1e-5 over a few draws of a chaotic system."""
    target = funnel()
    sampler = nuts(target.log_density, step_size=0.2)
    state, _ = start(KEY, sampler, num_chains=256, position=exact_draws(KEY, target, 256))
    together = resume(state, sampler, num_draws=FEW).draws
    run = resume(state, sampler, num_draws=100, num_lanes=16)
    needed, value = run.draws.info["n_steps"].astype(int), run.draws.value
    assert value.dtype == np.float64
    assert np.array_equal(needed[:, :FEW], together.info["n_steps"])
    np.testing.assert_allclose(value[:, :FEW], together.value, rtol=1e-5, atol=1e-5)
    assert needed.sum() / (256 * needed.max(axis=0).sum()) < 0.1
    assert run.utilisation > 0.8
    del x64


GAUSSIAN = standard_gaussian(2).log_density


@pytest.mark.parametrize(
    ("sampler", "num_lanes", "message"),
    [
        (nuts(GAUSSIAN), 0, "between 1 and num_chains = 4; got 0"),
        (nuts(GAUSSIAN), 5, "between 1 and num_chains = 4; got 5"),
        (hmc(GAUSSIAN), 2, "the step of this one is hmc_step: leave num_lanes out"),
        (thin(nuts(GAUSSIAN), 2), 2, "with no transform around it; the step of this one is thin_step"),
    ],
)
def test_invalid_lanes_raise_before_the_warm_up(sampler, num_lanes, message):
    with pytest.raises(ValueError, match=message):
        sample(KEY, sampler, num_draws=1, num_lanes=num_lanes, num_warmup=10**9, position=jnp.zeros((4, 2)))
    with pytest.raises(ValueError, match=message):
        state_machine_of(sampler, num_lanes, 4)


@pytest.mark.parametrize(
    ("chain", "finished", "made", "expected"),
    [
        ([0, 1, 5], [1, 0, 0], [1, 0, 0, 0, 0], [2, 1, 3]),  # a finished lane and an idle one, in turn
        ([0, 1, 5], [1, 0, 0], [2, 0, 1, 0, 1], [3, 1, 5]),  # those with fewest, and no other
        ([1], [1], [1, 1], [0]),
        ([0], [1], [2, 1], [1]),
        ([0, 1], [1, 0], [2, 1], [0, 1]),  # no other chain waits
        ([0], [1], [3, 3], [2]),  # all are made
    ],
)
def test_free_lanes_take_the_chains_with_fewest_draws(chain, finished, made, expected):
    made = jnp.array(made)
    chosen = next_chains(jnp.array(chain), jnp.array(finished, bool), made, made < 3)
    assert chosen.tolist() == expected
