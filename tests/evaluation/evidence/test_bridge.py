"""Bridge sampling: exact where q is the target, and intervals that cover elsewhere."""

import functools
import importlib

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from scipy.optimize import brentq
from scipy.signal import lfilter
from scipy.stats import binom

from jgen.diagnostics.student_interval import student_result
from jgen.types import DrawKind, Draws
from tests.helpers.random_keys import fresh_key, fresh_rng

SHIPPED = importlib.import_module("jgen.evaluation.evidence.bridge")  # its function hides it in the package
DIM, NUM_CHAINS, NUM_DRAWS, REPETITIONS = 10, 4, 60, 1000
LOG_Z = 0.5 * DIM * np.log(2 * np.pi)
FEWEST = int(binom.ppf(1e-8, REPETITIONS, 0.9))


def log_density(shift, x):
    """A standard Gaussian in ten dimensions, without its constant, plus a shift."""
    return shift - 0.5 * jnp.sum(x**2)


TARGET = Partial(log_density, jnp.float32(0.0))


def normal(scale):
    """A proposal; of all scales one program."""
    return dist.Normal(jnp.zeros(DIM), jnp.float32(scale)).to_event(1)


def chains(value, kind=DrawKind.MARKOV):
    return Draws(value, {}, None, kind)


def autoregressive():
    """Draw stationary chains ``[repetition, chain, draw, dim]`` of correlation 0.8 from draw to draw."""
    noise = fresh_rng().normal(size=(REPETITIONS, NUM_CHAINS, NUM_DRAWS, DIM))
    start = 0.8 * noise[:, :, :1]  # of the first draw, 0.8 x + 0.6 noise, x is normal too
    noise[:, :, 0] = fresh_rng().normal(size=noise[:, :, 0].shape)
    return jnp.asarray(lfilter([0.6], [1, -0.8], noise, axis=2, zi=start)[0], jnp.float32)


@jax.jit
def log_ratios(proposal, keys, value):
    """Of draws of the proposal, from the keys that ``bridge`` uses, and of draws of the target."""
    positions = jax.vmap(proposal.sample)(keys), value.reshape(-1, DIM)
    return [jax.vmap(lambda x: TARGET(x) - proposal.log_prob(x))(x) for x in positions]


def check_ratio(module):
    """Draws of q = N(0, 2^2) and of the target: the root of Meng and Wong's equation, found by SciPy."""
    key, proposal = fresh_key(), normal(2.0)
    value = autoregressive()[0]  # [chain, draw, dim]
    found = module.bridge(key, chains(value), TARGET, proposal=proposal)
    keys = jax.random.split(key, NUM_CHAINS * NUM_DRAWS)
    at_base, at_target = (np.asarray(one, np.float64) for one in log_ratios(proposal, keys, value))
    size = float(module.ess_mean(jnp.asarray(at_target.reshape(NUM_CHAINS, NUM_DRAWS))))
    odds = np.clip(size, 1, at_target.size) / at_base.size

    def excess(log_z):  # of the mean over the target, by the equation's first form
        p_over = np.mean(1 / (odds * np.exp(at_target - log_z) + 1))
        q_over = np.mean(np.exp(at_base - log_z) / (odds * np.exp(at_base - log_z) + 1))
        return p_over - q_over

    root = brentq(excess, LOG_Z - 10, LOG_Z + 10, xtol=1e-9)
    np.testing.assert_allclose(found.value, root, rtol=1e-5)


@functools.partial(jax.jit, static_argnums=0)
def bridges(bridge, keys, values):
    """Bridges of all repetitions at once, each fitted to the first half of its chains."""
    return jax.vmap(lambda key, value: bridge(TARGET, NUM_DRAWS // 2, None, key, value))(keys, values)


def check_intervals(module):
    """Of 1000 nominal 95 % intervals 843 cover, but for a probability of 1e-8 where 90 % of all do."""
    keys = jax.random.split(fresh_key(), REPETITIONS)
    value, error, size = map(np.asarray, bridges(module._bridge, keys, autoregressive()))
    estimates = zip(value, error, np.maximum(size - 1, 1), strict=True)
    found = [student_result(*estimate, 0, "") for estimate in estimates]
    covered = sum(bool(one.low <= LOG_Z <= one.high) for one in found)
    assert covered >= FEWEST, f"{covered} of {REPETITIONS} intervals cover log Z"


def test_there_is_no_error_where_q_is_the_target_and_a_constant_shifts_log_z_by_itself():
    key, value = fresh_key(), jax.random.normal(fresh_key(), (NUM_CHAINS, NUM_DRAWS, DIM))
    for shift in (0.0, 7.0):
        target = Partial(log_density, jnp.float32(shift))
        found = SHIPPED.bridge(key, chains(value), target, proposal=normal(1.0))
        np.testing.assert_allclose([found.value, found.low, found.high], LOG_Z + shift, rtol=1e-5)


def test_the_root_is_that_of_meng_and_wong():
    check_ratio(SHIPPED)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_intervals_cover_though_draws_are_correlated():
    check_intervals(SHIPPED)


def test_the_interval_is_students_with_the_effective_size():
    key, value, proposal = fresh_key(), autoregressive()[0], normal(2.0)
    found = SHIPPED.bridge(key, chains(value), TARGET, proposal=proposal)
    estimate, error, size = SHIPPED._bridge(TARGET, 0, proposal, key, value)
    truth = [estimate, error, size - 1]
    np.testing.assert_allclose([found.value, found.standard_error, found.dof], truth, rtol=1e-5)


def test_weighted_or_few_draws_are_refused():
    value = jnp.zeros((NUM_CHAINS, NUM_DRAWS, DIM))
    with pytest.raises(ValueError, match=r"use jgen\.diagnostics\.log_evidence"):
        SHIPPED.bridge(fresh_key(), chains(value, DrawKind.WEIGHTED), TARGET)
    with pytest.raises(ValueError, match="8 draws a chain, and 24 in all"):
        SHIPPED.bridge(fresh_key(), chains(value[:, :4]), TARGET)
