"""Test that every replica of parallel tempering keeps the distribution of its temperature."""

import importlib
import math

import jax
import numpy as np
import pytest
from scipy.stats import kstest

from tests.helpers.random_keys import fresh_key
from tests.helpers.tempered_gaussian import BETAS, KERNEL, MEAN, PATH, SD, log_density

SHIPPED = importlib.import_module("jgen.samplers.populations.tempering")  # its function hides it
NUM_CHAINS = 20_000


def exact_then_stepped(module, num_steps=4):
    """Start all replicas at exact draws; return the states and the draws after some steps."""
    sampler = module.tempering(PATH, KERNEL, BETAS)
    init_key, start_key, key = jax.random.split(fresh_key(), 3)
    states = jax.jit(jax.vmap(sampler.init, (0, None)))(jax.random.split(init_key, NUM_CHAINS), None)
    start = MEAN[None] + SD[None] * jax.random.normal(start_key, (NUM_CHAINS, len(BETAS)))
    states = states._replace(positions=start)
    step = jax.jit(jax.vmap(sampler.step))
    for index in range(num_steps):
        states, draws = step(jax.random.split(jax.random.fold_in(key, index), NUM_CHAINS), states)
    return states, draws


def check_distributions(module):
    """Check the exact distribution function at each temperature, by DKW; false alarm 1e-6 in all."""
    states, _ = exact_then_stepped(module)
    threshold = math.sqrt(math.log(2e6 * len(BETAS)) / (2 * NUM_CHAINS))
    standard = (np.asarray(states.positions) - MEAN[None]) / SD[None]
    distance = max(kstest(column, "norm").statistic for column in standard.T)
    assert distance <= threshold, f"a replica is off the distribution of its temperature by {distance:.3f}"


def check_ratios(module):
    """Check that what is reported belongs to the replicas after their swaps."""
    states, draws = exact_then_stepped(module, num_steps=1)
    x = states.positions
    expected = log_density(x) - PATH.base.log_prob(x)
    np.testing.assert_allclose(draws.info["log_ratio"], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(draws.value, x[:, -1])


@pytest.mark.parametrize("check", [check_distributions, check_ratios])
def test_replicas_keep_their_temperatures(check):
    check(SHIPPED)
