"""Barker, elliptical slice, independent Metropolis, adjusted MCLMC: facts, and bugs they must not have."""

import dataclasses
import importlib
from math import atan, pi

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.distributions import gaussian
from jgen.samplers import adjusted_mclmc, barker, elliptical_slice, independent_metropolis
from jgen.samplers.microcanonical import random_direction, turn
from jgen.sampling.driver import sample
from jgen.targets import banana, double_well, skew_normal
from jgen.testing.sampler_checks import invariance
from tests.helpers.marking import one_of_each
from tests.helpers.random_keys import fresh_key
from tests.mutants.exact_kernels import BRACKET_BUGS, EXACT_BUGS, MOTION_BUGS
from tests.mutants.kernels import plant

KEY = jax.random.key(11)
Z = 6.0  # two-sided normal tail 2e-9


def normal(x):
    return -0.5 * jnp.sum(x**2)


def after(sampler, position, key=KEY):
    return sampler.step(key, sampler.init(key, position))


# A trajectory of exact draws, and every turn of every chain: seconds of CPU each.
@pytest.mark.parametrize("name", one_of_each(EXACT_BUGS))
def test_planted_bugs_are_caught(name, kills):
    """What the first target all but misses, the log density of the second shows."""
    module = plant(EXACT_BUGS[name])
    with kills(name):
        for target in (double_well(), skew_normal()):
            invariance(
                lambda target, scale: module.recipe(target, scale).sampler,
                dataclasses.replace(target, traits=frozenset()),  # exact draws need no crossing
                fresh_key(),
                num_steps=10,
            )


def test_barker_steps_no_further_than_a_random_walk():
    """Where the gradient is steep a step of MALA is thrown far out; Barker's has the length of its noise."""

    def quartic(x):
        return -jnp.sum(x**4)

    proposed = []
    for start in (0.0, 100.0):
        _, draws = after(barker(quartic, step_size=0.5), jnp.full(4, start))
        proposed.append(np.asarray(draws.value))
    assert np.all(np.abs(proposed[1] - 100.0) < 0.5 * Z)
    assert np.all(proposed[1] < 100.0)  # a sign goes uphill with probability 1 - exp(-force)
    assert np.isfinite(proposed[0]).all()


def test_independent_metropolis_accepts_as_often_as_it_must():
    r"""p = N(0, 1), q = N(0, s^2): E min(1, w'/w) = 2 P(|z| < |x|) = (4 / pi) arctan(1 / s)."""
    num_chains, scale = 20_000, 2.0
    sampler = independent_metropolis(lambda x: -0.5 * x**2, dist.Normal(0.0, scale))
    key = fresh_key()
    start = jax.random.normal(key, (num_chains,))
    run = sample(jax.random.fold_in(key, 1), sampler, num_chains=num_chains, num_draws=1, position=start)
    rate = run.draws.info["acceptance_rate"]
    assert abs(rate.mean() - 4 / pi * atan(1 / scale)) < Z * rate.std() / np.sqrt(num_chains)


def test_independent_metropolis_finds_its_start_or_refuses_it():
    sampler = independent_metropolis(lambda x: -0.5 * x**2, dist.LogNormal(0.0, 1.0))
    assert np.all(sample(KEY, sampler, num_chains=2, num_draws=3).draws.value > 0)
    with pytest.raises(ValueError, match="1 of 2 chains start where the log_density is not finite"):
        sample(KEY, sampler, num_chains=2, num_draws=1, position=jnp.array([1.0, -2.0]))


PRIOR = gaussian(jnp.array([1.0, -2.0]), scale_tril=jnp.array([[1.0, 0.0], [3.0, 0.5]]))


def test_a_flat_likelihood_takes_one_turn_on_the_ellipse():
    sampler = elliptical_slice(lambda x: 0.0 * x[0], PRIOR)
    start = jax.vmap(PRIOR.sample)(jax.random.split(fresh_key(), 4000))
    run = sample(KEY, sampler, num_chains=4000, num_draws=1, position=start)
    assert np.all(run.draws.info["num_log_densities"] == 1)
    white = np.linalg.solve(PRIOR.scale_tril, (run.draws.value[:, 0] - np.asarray(PRIOR.loc)).T)
    size = (white**2).sum(axis=0)  # chi-square with two degrees of freedom: mean 2, variance 4
    assert abs(size.mean() - 2) < Z * 2 / np.sqrt(4000)


@pytest.mark.slow
def test_a_bracket_shrunk_on_the_wrong_side_is_flagged(kills):
    def num_stuck(module):
        sampler, start = (
            module.recipe(banana()).sampler,
            jax.vmap(banana().sample)(jax.random.split(KEY, 50)),
        )
        draws = sample(KEY, sampler, num_chains=50, num_draws=1, position=start).draws
        return draws.info["stuck"].sum()

    assert num_stuck(importlib.import_module("jgen.samplers.mcmc.elliptical_slice")) == 0
    for name, bug in BRACKET_BUGS.items():
        with kills(f"elliptical slice, {name}", error=AssertionError):
            assert num_stuck(plant(bug)) == 0


def test_a_slice_that_shrinks_to_nothing_is_flagged_and_stays():
    start = jnp.array([0.3, 0.4])
    sampler = elliptical_slice(lambda x: jnp.where(jnp.all(x == start), 0.0, -jnp.inf), PRIOR)
    state, draws = after(sampler, start)
    # The bracket is below the resolution of a float long before, and then the point IS the position.
    assert int(draws.info["num_log_densities"]) <= 100
    assert np.array_equal(state.position, start)
    hopeless = elliptical_slice(lambda x: jnp.where(x[0] > 9.0, 0.0, jnp.nan), PRIOR)
    state = hopeless.init(KEY, start)._replace(log_density=jnp.float32(0.0))
    state, draws = hopeless.step(KEY, state)
    assert bool(draws.info["stuck"])
    assert np.array_equal(state.position, start)


def test_a_turn_is_the_flow_of_its_equation(x64):
    """Two half turns are one, and its speed at the beginning is the equation's: that makes it the flow."""
    direction = random_direction(KEY, jnp.zeros(5))
    force = jnp.arange(5.0) - 1.5
    half, first = turn(direction, force, 0.35)
    whole, second = turn(half, force, 0.35)
    at_once, gain = turn(direction, force, 0.7)
    np.testing.assert_allclose(whole, at_once, rtol=1e-12)
    np.testing.assert_allclose(first + second, gain, rtol=1e-12)
    speed, power = jax.jacfwd(turn, argnums=2)(direction, force, 1e-9)
    along = direction @ force
    np.testing.assert_allclose(speed, 5**0.5 / 4 * (force - along * direction), rtol=1e-7)
    np.testing.assert_allclose(power, 5**0.5 * along, rtol=1e-7)
    del x64


def test_a_turn_knows_its_jacobian(x64):
    """The log-determinant on the sphere, from the Jacobian in space: u is a function of u on the tangent."""
    direction = random_direction(KEY, jnp.zeros(4))
    force = jnp.array([2.0, -1.0, 0.5, 3.0])
    turned, gain = turn(direction, force, 0.6)
    jacobian = jax.jacfwd(lambda u: turn(u / jnp.linalg.norm(u), force, 0.6)[0])(direction)
    # It maps the tangent space at u to that at u'; the outer product fills the missing direction with 1.
    log_det = jnp.linalg.slogdet(jacobian + jnp.outer(turned, direction))[1]
    np.testing.assert_allclose(-log_det, gain, rtol=1e-10)
    still, nothing = turn(direction, jnp.zeros(4), 0.6)
    np.testing.assert_allclose(still, direction, rtol=1e-12)
    assert float(nothing) == 0.0
    del x64


def halving_gain(module):
    """How many times smaller the energy error of one length is when the steps are half as long."""
    target = banana()

    def error(step):
        sampler = module.adjusted_mclmc(target.log_density, step_size=step, num_steps=round(0.08 / step))
        return after(sampler, jnp.array([3.0, 1.0]))[1].info["energy_error"]

    return error(0.008) / error(0.004)


def test_the_isokinetic_leapfrog_is_of_second_order(x64):
    assert 3.9 < halving_gain(importlib.import_module("jgen.samplers.mcmc.adjusted_mclmc")) < 4.1
    del x64


@pytest.mark.parametrize("name", MOTION_BUGS)
def test_a_wrong_motion_is_of_no_order(name, x64, kills):
    with kills(f"adjusted MCLMC, {name}", error=AssertionError):
        assert 3.9 < halving_gain(plant(MOTION_BUGS[name])) < 4.1
    del x64


BAD = {
    "a prior that is no Gaussian": (
        lambda: elliptical_slice(normal, dist.Laplace(jnp.zeros(2), 1.0).to_event(1)),
        "needs a Gaussian prior",
    ),
    "a batch of priors": (lambda: elliptical_slice(normal, dist.Normal(jnp.zeros(2), 1.0)), "batch of shape"),
    "a position of another shape": (
        lambda: after(elliptical_slice(normal, PRIOR), jnp.zeros(3)),
        r"events of its prior, of shape \(2,\)",
    ),
    "a direction on a line": (lambda: after(adjusted_mclmc(normal), jnp.zeros(1)), "2 dimensions or more"),
    "a jitter above one": (lambda: adjusted_mclmc(normal, jitter=1.5), "jitter is a fraction"),
    "no steps": (lambda: adjusted_mclmc(normal, num_steps=0), "num_steps must be at least 1"),
    "a negative step": (lambda: barker(normal, step_size=-1.0), "step_size must be positive"),
    "a batched proposal": (
        lambda: independent_metropolis(normal, dist.Normal(jnp.zeros(2), 1.0)),
        "batch of shape",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_so(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
