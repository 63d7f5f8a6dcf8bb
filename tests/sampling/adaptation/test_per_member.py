"""Test that each member of a cycle is adapted separately."""

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.samplers import block, cycle, discrete_gibbs, mala, metropolis
from jgen.sampling.adaptation import per_member, step_size, window
from jgen.sampling.driver import sample
from jgen.types import DrawKind, Draws
from tests.helpers.adaptation_histories import allowed_error, fed

KEY = jax.random.key(7)


def check_separation(module):
    """Check two members that accept 0.9 and 0.1, both with target 0.5: one step grows, one shrinks."""
    states = (fed(4, 2), fed(4, 2))
    info = {"acceptance_rate": 0.1, "acceptance_rate_0": 0.9, "acceptance_rate_1": 0.1}
    info = {name: jnp.full(4, rate) for name, rate in info.items()}
    both = Draws(states[0].position, info, None, DrawKind.MARKOV)
    adaptation = module.per_member(step_size(0.5), step_size(0.5))
    state, states = adaptation.init(states)
    _, (first, second) = adaptation.update(state, states, both, jnp.int32(0), jnp.int32(9))
    assert first.tuning.step_size[0] > 1.0 > second.tuning.step_size[0]


def test_members_use_their_own_acceptance():
    check_separation(import_module("jgen.sampling.adaptation.per_member"))


def log_density(position):
    """Evaluate the density of x given a binary variable that selects one of two normals."""
    return -0.5 * jnp.sum((position["x"] - 4.0 * position["coin"]) ** 2)


@pytest.mark.weekly
def test_each_member_of_a_cycle_learns_by_itself():
    """A block in the cycle, and two in a cycle inside it: each has its own target and variables."""
    flip = block(Partial(bind_static(discrete_gibbs, num_values=2)), log_density, "coin")
    slide, walk = (block(Partial(make, step_size=0.1), log_density, "x") for make in (mala, metropolis))
    adaptation = per_member(None, per_member(window(0.574), step_size(0.3)))
    position = {"coin": jnp.zeros(32, int), "x": jnp.zeros((32, 3))}
    options = {"num_draws": 300, "num_chains": 32, "num_warmup": 400, "adaptation": adaptation}
    run = sample(KEY, cycle(flip, cycle(slide, walk)), position=position, **options)
    _, (slid, walked) = run.state.states
    assert slid.kernel.tuning.inverse_mass_factor.shape == (32, 3)
    info = run.draws.info
    for name, target, steps, gamma, state in (
        ("acceptance_rate_1_0", 0.574, 50, 0.2, slid),  # averaging restarted at the end of the last window
        ("acceptance_rate_1_1", 0.3, 400, 0.05, walked),
    ):
        distance = abs(np.log(state.kernel.tuning.step_size[0] / 0.1))
        assert abs(info[name].mean() - target) < allowed_error(info[name], steps, distance, gamma)
    assert np.array_equal(info["acceptance_rate"], info["acceptance_rate_1_1"])
