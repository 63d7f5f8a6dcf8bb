"""Bridge sampling: exact where q is the target, and intervals that cover elsewhere."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from scipy.optimize import brentq
from scipy.stats import binom

from jgen.types import DrawKind, Draws
from tests.helpers.mutant import plant
from tests.helpers.random_keys import fresh_key
from tests.mutants.evidence import INTERVAL_BUGS, RATIO_BUGS

SHIPPED = importlib.import_module("jgen.evaluation.evidence.bridge")  # its function hides it in the package
DIM, NUM_CHAINS, NUM_DRAWS, REPETITIONS = 10, 4, 60, 1000
LOG_Z = 0.5 * DIM * np.log(2 * np.pi)
FEWEST = int(binom.ppf(1e-8, REPETITIONS, 0.9))


def log_density(x):
    """A standard Gaussian in ten dimensions, without its constant."""
    return -0.5 * jnp.sum(x**2)


def chains(value, kind=DrawKind.MARKOV):
    return Draws(value, {}, None, kind)


@jax.jit
def autoregressive(key):
    """Stationary chains ``[repetition, chain, draw, dim]`` of correlation 0.8 from draw to draw."""
    noise = jax.random.normal(key, (NUM_DRAWS, REPETITIONS, NUM_CHAINS, DIM))

    def walk(x, noise):
        x = 0.8 * x + 0.6 * noise
        return x, x

    return jnp.moveaxis(jax.lax.scan(walk, noise[0], noise)[1], 0, 2)


def check_ratio(module):
    """Draws of q = N(0, 2^2) and of the target: the root of Meng and Wong's equation, found by SciPy."""
    key, draw_key = jax.random.split(fresh_key())
    proposal = dist.Normal(jnp.zeros(DIM), 2.0).to_event(1)
    value = autoregressive(draw_key)[0]  # [chain, draw, dim]
    found = module.bridge(key, chains(value), log_density, proposal=proposal)

    def log_ratio(x):
        return np.asarray(jax.vmap(lambda x: log_density(x) - proposal.log_prob(x))(x), np.float64)

    keys = jax.random.split(key, NUM_CHAINS * NUM_DRAWS)
    at_base, at_target = log_ratio(jax.vmap(proposal.sample)(keys)), log_ratio(value.reshape(-1, DIM))
    size = float(
        np.clip(module.ess_mean(jnp.asarray(at_target.reshape(NUM_CHAINS, NUM_DRAWS))), 1, at_target.size)
    )
    odds = size / at_base.size

    def excess(log_z):  # of the mean over the target, by the equation's first form
        p_over = np.mean(1 / (odds * np.exp(at_target - log_z) + 1))
        q_over = np.mean(np.exp(at_base - log_z) / (odds * np.exp(at_base - log_z) + 1))
        return p_over - q_over

    root = brentq(excess, LOG_Z - 10, LOG_Z + 10, xtol=1e-9)
    np.testing.assert_allclose(found.value, root, rtol=1e-5)


def check_intervals(module):
    """Of 1000 nominal 95 % intervals 843 cover, but for a chance of 1e-8 where 90 % of all do."""
    keys, value = jax.random.split(fresh_key(), REPETITIONS), autoregressive(fresh_key())
    found = [module.bridge(key, chains(one), BOUND) for key, one in zip(keys, value, strict=True)]
    covered = sum(bool(one.low <= LOG_Z <= one.high) for one in found)
    assert covered >= FEWEST, f"{covered} of {REPETITIONS} intervals cover log Z"


BOUND = Partial(log_density)


def test_where_q_is_the_target_there_is_no_error():
    proposal = dist.Normal(jnp.zeros(DIM), 1.0).to_event(1)
    value = jax.random.normal(fresh_key(), (NUM_CHAINS, NUM_DRAWS, DIM))
    found = SHIPPED.bridge(fresh_key(), chains(value), BOUND, proposal=proposal)
    np.testing.assert_allclose([found.value, found.low, found.high], LOG_Z, rtol=1e-5)


def test_the_root_is_that_of_meng_and_wong():
    check_ratio(SHIPPED)


def test_a_constant_moves_log_z_by_itself():
    key, value = fresh_key(), jax.random.normal(fresh_key(), (NUM_CHAINS, NUM_DRAWS, DIM))
    moved = Partial(lambda x: log_density(x) + 7.0)
    first, second = (SHIPPED.bridge(key, chains(value), each) for each in (BOUND, moved))
    np.testing.assert_allclose(second.value - first.value, 7.0, rtol=1e-5)


def test_intervals_cover_though_draws_are_correlated():
    check_intervals(SHIPPED)


@pytest.mark.parametrize("name", RATIO_BUGS)
def test_planted_ratios_are_caught(name, kills):
    with kills(name, error=AssertionError):
        check_ratio(plant(RATIO_BUGS[name]))


@pytest.mark.parametrize("name", INTERVAL_BUGS)
def test_planted_intervals_are_caught(name, kills):
    with kills(name, error=AssertionError):
        check_intervals(plant(INTERVAL_BUGS[name]))


def test_weighted_or_few_draws_are_told_so():
    value = jnp.zeros((NUM_CHAINS, NUM_DRAWS, DIM))
    with pytest.raises(ValueError, match=r"use jgen\.diagnostics\.log_evidence"):
        SHIPPED.bridge(fresh_key(), chains(value, DrawKind.WEIGHTED), BOUND)
    with pytest.raises(ValueError, match="8 draws a chain, and 24 in all"):
        SHIPPED.bridge(fresh_key(), chains(value[:, :4]), BOUND)
