"""Each check of samplers passes a correct sampler and fails the kind of mistake that it is there to detect.

False alarms: 1e-6 for each of the three statistical checks that must pass."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest
from jax.tree_util import Partial

from jgen.samplers import hmc, importance, metropolis
from jgen.samplers.accept import accept
from jgen.targets import standard_gaussian
from jgen.testing.sampler_checks import (
    CheckFailed,
    cost,
    invariance,
    nan_robustness,
    no_recompilation,
    rank,
    reversibility,
    transform_consistency,
)
from jgen.testing.sampler_checks.metropolised import position_as_state
from jgen.types import DrawKind, Draws, Sampler
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key

TARGET = standard_gaussian(2)
KEY = jax.random.key(0)
COUNTS = {"num_grads": jnp.int32(0), "num_log_densities": jnp.int32(1)}


def correct(target, scale):
    return metropolis(target.log_density, step_size=scale)


def changed(change, make=correct):
    """A sampler whose ``(state, draws)`` pass through ``change`` after each step."""

    def step(sampler, key, state):
        return change(*sampler.step(key, state))

    return lambda target, scale: Sampler(make(target, scale).init, Partial(step, make(target, scale)))


CERTAIN = {check.__name__: check for check in (transform_consistency, no_recompilation, nan_robustness, cost)}


@pytest.mark.parametrize("name", first_of_each(CERTAIN))
def test_a_correct_sampler_passes(name):
    assert isinstance(CERTAIN[name](correct, TARGET, KEY), str)


def other_dtype(state, draws):
    return state._replace(log_density=state.log_density.astype(jnp.float16)), draws


def ignored_key(target, scale):
    def same_key(sampler, _, state):
        return sampler.step(jax.random.key(1), state)

    return Sampler(correct(target, scale).init, Partial(same_key, correct(target, scale)))


def side_effect():
    calls = []

    def count(state, draws):
        calls.append(None)
        return state, dataclasses.replace(draws, value=draws.value + len(calls))

    return changed(count)


def new_program(target, scale):
    """Make a kernel whose callback is another function each time."""

    def log_density(x):
        jax.debug.callback(lambda: None)
        return target.log_density(x)

    return metropolis(log_density, step_size=scale)


def nan_is_high(log_density, x):
    return jnp.nan_to_num(log_density(x), nan=1e3)


def accepts_nan(target, scale):
    return metropolis(Partial(nan_is_high, target.log_density), step_size=scale)


def weighted(target, _):
    return importance(target.log_density, target.proposal)


def nan_weight(state, draws):
    log_weight = jnp.where(draws.log_weight == -jnp.inf, jnp.nan, draws.log_weight)
    return state, dataclasses.replace(draws, log_weight=log_weight)


def one_gradient_less(state, draws):
    info = {**draws.info, "num_grads": draws.info["num_grads"] - 1}
    return state, dataclasses.replace(draws, info=info)


def three_steps(target, scale):
    return hmc(target.log_density, step_size=scale, num_steps=3)


MISTAKES = {
    "transform_consistency: changes its structure": changed(other_dtype),
    "transform_consistency: is the key used": ignored_key,
    "transform_consistency: differs when it is traced again": side_effect(),
    "no_recompilation: made again, it compiled .* programs: .*never a closure": new_program,
    "nan_robustness: with NaN a chain moved": accepts_nan,
    "nan_robustness: log-weight is NaN": changed(nan_weight, weighted),
    "cost: evaluated for 15 gradients and 0 log .*reports 10": changed(one_gradient_less, three_steps),
}


@pytest.mark.parametrize("name", first_of_each(MISTAKES, family=lambda name: name.partition(":")[0]))
def test_a_mistake_is_detected(name):
    check, _, message = name.partition(": ")
    with pytest.raises(CheckFailed, match=message):
        CERTAIN[check](MISTAKES[name], TARGET, KEY)


def walk_step(log_density, scale, power, moves, reports, key, x):
    """A random walk whose log ratio is multiplied by a power, in coordinates that move, or do not."""
    noise_key, accept_key = jax.random.split(key)
    proposal = x + scale * moves * jax.random.normal(noise_key, x.shape)
    x, rate, _ = accept(accept_key, power * (log_density(proposal) - log_density(x)), proposal, x)
    info = {**COUNTS, "acceptance_rate": jnp.where(reports, rate, jnp.nan)}
    return x, Draws(x, info, None, DrawKind.MARKOV)


def walk(power, moves=(1.0, 1.0), reports=True):
    def make(target, scale):
        options = (jnp.float32(scale), jnp.float32(power), jnp.array(moves), jnp.array(reports))
        return Sampler(Partial(position_as_state), Partial(walk_step, target.log_density, *options))

    return make


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            walk(0.25, reports=False),
            "not leave standard_gaussian invariant .* at scale .*causes: an acceptance",
        ),
        (walk(1.0, (1.0, 0.0), reports=False), "coordinate 1 never moves"),
    ],
    ids=["ratio", "coordinate"],
)
def test_invariance_detects_mistakes_of_kernels_that_report_no_acceptance_rate(make, message):
    with pytest.raises(CheckFailed, match=message):
        invariance(make, TARGET, KEY)


def test_rank_detects_errors_that_add_up_over_steps():
    """Acceptance ratios a fifth too near 1: three steps hide it, fifteen do not."""
    found = rank(walk(1.0), TARGET, fresh_key())
    assert [one.value < one.allowed for one in found] == [True] * 3
    assert found[0].acceptance_rate > found[1].acceptance_rate > found[2].acceptance_rate
    with pytest.raises(CheckFailed, match="not distributed like the chains through them"):
        rank(walk(0.8), TARGET, fresh_key(), scales=(2.0,))


def turn_step(angle, key, x):
    rotation = jnp.array([[jnp.cos(angle), -jnp.sin(angle)], [jnp.sin(angle), jnp.cos(angle)]])
    x = 0.8 * rotation @ x + 0.6 * jax.random.normal(key, x.shape)
    return x, Draws(x, {**COUNTS, "acceptance_rate": jnp.float32(jnp.nan)}, None, DrawKind.MARKOV)


def turn(angle):
    """A stationary current: each step rotates the position, and refreshes it a little."""
    sampler = Sampler(Partial(position_as_state), Partial(turn_step, jnp.float32(angle)))
    return lambda *_: sampler


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_reversibility_detects_a_current():
    """It leaves a Gaussian invariant with or without rotation; with it, it goes round one way."""
    reversibility(turn(0.0), TARGET, fresh_key(), scales=(1.0,))
    invariance(turn(0.5), TARGET, fresh_key(), scales=(1.0,))
    with pytest.raises(CheckFailed, match=r"not reversible.* and back in .+ and .+ at scale"):
        reversibility(turn(0.5), TARGET, fresh_key(), scales=(1.0,))
