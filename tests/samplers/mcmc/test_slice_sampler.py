"""Test slices that can be computed, and invariance where steps out and shrinking matter."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.distributions import mixture
from jgen.samplers import slice_sampler
from jgen.sampling.driver import sample
from jgen.targets import standard_gaussian
from jgen.testing.sampler_checks import invariance
from jgen.testing.sampler_checks.target_draws import exact_draws
from jgen.types import Target
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(23)


def hills_density(hills, x):
    return hills.log_prob(x[0])


def hills_sample(hills, key):
    return hills.sample(key)[None]


def two_hills():
    """Return unequal hills with a valley between them: most slices fall into two pieces."""
    hills = mixture(jnp.array([0.3, 0.7]), dist.Normal(jnp.array([-2.0, 2.0]), jnp.array([0.25, 1.0])))
    return Target(Partial(hills_density, hills), jnp.zeros(1), Partial(hills_sample, hills), name="two_hills")


def check_gaussian(make=slice_sampler):
    """Check random directions, with a cap on the steps out that matters at the short width."""

    def aim(target, scale):
        return make(target.log_density, step_size=scale, max_step_outs=2)

    invariance(aim, standard_gaussian(2), fresh_key(), num_steps=10, scales=(0.5, 1.5))


def check_hills(make=slice_sampler):
    """Check an axis, where left and right are not averaged, with a width that spans both hills."""

    def aim(target, scale):
        return make(target.log_density, step_size=scale, max_step_outs=2, along_axes=True)

    invariance(aim, two_hills(), fresh_key(), num_steps=20, scales=(1.0, 6.0))


@pytest.mark.weekly
@pytest.mark.parametrize("check", [check_gaussian, check_hills])
def test_capped_slices_leave_their_target_invariant(check):
    """False alarm 1e-6."""
    check()


def box(x):
    """Return a density flat on [-1, 1]: the slice is the box, whatever the level."""
    return jnp.where(jnp.abs(x[0]) <= 1, 0.0, -jnp.inf)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_draws_from_a_box_are_uniform():
    """Each end steps until it is outside, then points are tried; false alarm 1e-6."""
    sampler = slice_sampler(box, step_size=0.5, max_step_outs=10**9)  # so that neither end's share is short
    position = jnp.full((4000, 1), 0.9)
    draws = sample(fresh_key(), sampler, num_chains=4000, num_draws=1, position=position).draws
    x = np.sort(draws.value[:, 0, 0])
    uniform = (x + 1) / 2
    distance = np.abs(uniform - np.arange(1, 4001) / 4000).max()
    assert distance < np.sqrt(np.log(2e6) / (2 * 4000)) + 1 / 4000  # Dvoretzky-Kiefer-Wolfowitz at 1e-6
    tries = 1 / draws.info["acceptance_rate"]
    outs = draws.info["n_steps"] - tries
    # Five widths reach across, the first of them for nothing; each end is looked at once more than it steps.
    # Not so where an end falls on an edge of the box, or the left one may not step at all: three uniforms in
    # 2^23 do that, so of 4000 chains three are hit with a probability of (4000 * 3 / 2^23)^3 / 6 = 5e-10.
    assert np.sum(np.round(outs) != 6.0) <= 2
    assert not draws.info["stuck"].any()


def test_without_steps_out_one_coordinate_moves_at_a_time():
    sampler = slice_sampler(standard_gaussian(3).log_density, max_step_outs=0, along_axes=True)
    position = exact_draws(KEY, standard_gaussian(3), 64)
    draws = sample(KEY, sampler, num_chains=64, num_draws=1, position=position).draws
    np.testing.assert_allclose(draws.info["n_steps"], 1 / draws.info["acceptance_rate"], rtol=1e-6)
    assert np.all((draws.value[:, 0] != position).sum(axis=1) == 1)


def test_an_empty_slice_is_flagged_and_keeps_the_position():
    """The log density is not the one the chain was started with: no point reaches the level."""
    sampler = slice_sampler(standard_gaussian(2).log_density)
    state = sampler.init(KEY, jnp.ones(2))._replace(log_density=jnp.float32(100.0))
    state, draws = jax.jit(sampler.step)(KEY, state)
    assert bool(draws.info["stuck"])
    assert draws.info["acceptance_rate"] == 0
    assert np.array_equal(state.position, jnp.ones(2))
