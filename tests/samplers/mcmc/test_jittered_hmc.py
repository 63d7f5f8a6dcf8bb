"""Kernels that vary their trajectories or keep their momentum: planted bugs, and facts."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jgen.samplers
from jgen.samplers import cycle, ghmc, hmc, jittered_hmc, metropolis
from jgen.sampling.driver import sample
from jgen.targets import banana, double_well
from jgen.testing.sampler_checks import invariance
from tests.helpers.marking import one_of_each
from tests.helpers.mutant import plant
from tests.helpers.random_keys import fresh_key
from tests.mutants.trajectories import BUGS

pytestmark = pytest.mark.usefixtures("optimised")
KEY = jax.random.key(12)
# Damped little, momentum and slice last for many draws, and errors in them grow. Of errors in the first
# ones, the first draw shows the most.
GHMC = {"damping": 0.1}
QUICK = [name for name in BUGS if "position chooses" in name or "not turned round" in name]


def held(module, name, num_steps):
    """Exact starts need no crossing between modes; scales that accept some 0.9, 0.6 and 0.3."""
    factory, options = getattr(module, name), GHMC if name == "ghmc" else {}
    return invariance(
        lambda target, scale: factory(target.log_density, step_size=scale, **options),
        dataclasses.replace(double_well(), traits=frozenset()),
        fresh_key(),
        num_steps=num_steps,
        scales=(0.2, 0.37, 0.55) if name == "ghmc" else (0.18, 0.27, 0.37),
    )


def test_a_lasting_momentum_leaves_the_target_invariant():
    found = held(jgen.samplers, "ghmc", 20)
    assert found[0].acceptance_rate > 0.85
    assert found[-1].acceptance_rate < 0.35


@pytest.mark.parametrize("name", one_of_each(BUGS, QUICK))
def test_planted_bugs_are_caught(name, kills):
    sampler = "ghmc" if "GHMC" in name else "jittered_hmc"
    num_steps = 1 if name == "8 GHMC, a key used twice" else 20 if sampler == "ghmc" else 3
    with kills(name, match="does not leave double_well invariant"):
        held(plant(BUGS[name]), sampler, num_steps)


def test_a_jittered_draw_is_one_of_hmc():
    """The same key, as many steps: the same draw, but for the rounding of two programs; no more steps than
    are allowed; lengths that fill (0, T) evenly."""
    target, step_size, longest = banana(), 0.3, 6.0
    jittered = jittered_hmc(target.log_density, step_size=step_size, trajectory_length=longest, max_steps=15)
    step = jax.jit(
        lambda key, state, num_steps: hmc(target.log_density, num_steps=num_steps).step(key, state)
    )
    state, lengths = jittered.init(KEY, target.start), []
    for key in jax.random.split(KEY, 8):
        after, draws = jax.jit(jittered.step)(key, state)
        plain = hmc(target.log_density, step_size=step_size).init(key, state.position)
        _, expected = step(key, plain, draws.info["n_steps"])
        np.testing.assert_allclose(draws.value, expected.value, rtol=np.finfo(np.float32).eps ** 0.5)
        assert draws.info["n_steps"] == min(np.ceil(after.flown.length / step_size), 15)
        lengths.append(float(after.flown.length))
        state = after
    # 8 multiples of the golden ratio, 8 a Fibonacci number, stand like the middles of 8 equal parts.
    assert np.abs(np.sort(lengths) / longest - (np.arange(8) + 0.5) / 8).max() < 1 / 8


def test_what_is_persistent_lasts_through_a_cycle():
    """A cycle starts its members afresh at every step, but not the count of draws, nor the momentum."""
    target = banana()
    both = cycle(
        metropolis(target.log_density, step_size=0.1),
        jittered_hmc(target.log_density, step_size=0.2),
        ghmc(target.log_density, step_size=1e-3, damping=1e-3),
    )
    run = sample(KEY, both, num_draws=4, num_chains=2, position=jnp.ones((2, 2)))
    once = sample(KEY, both, num_draws=1, num_chains=2, position=jnp.ones((2, 2)))
    (_, flown, guided), (_, _, earlier) = run.state.states, once.state.states
    assert flown.persistent.tolist() == [4, 4]
    change = guided.persistent.momentum - earlier.persistent.momentum
    # Three steps of 1e-3 under a force of at most 10, and noise of sd sqrt(2 * 1e-6) each.
    assert np.abs(change).max() < 0.05


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ghmc(jnp.sum, damping=0.0), "damping must be positive"),
        (lambda: jittered_hmc(jnp.sum, trajectory_length=-1.0), "trajectory_length must be positive"),
        (lambda: jittered_hmc(jnp.sum, max_steps=0), "max_steps must be at least 1"),
    ],
)
def test_bad_input_is_told_so(call, message):
    with pytest.raises(ValueError, match=message):
        call()
