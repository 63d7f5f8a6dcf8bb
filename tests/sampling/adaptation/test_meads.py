"""Test the estimates of MEADS from folds of chains."""

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.samplers.mcmc.ghmc import DampedTuning
from tests.helpers.adaptation_histories import fed, feed, gaussian, smoothing_weights
from tests.helpers.random_keys import fresh_key

FALSE_ALARM = 1e-6
SCALES = np.geomspace(1e-2, 1e2, 5)
NUM_WARMUP = 300


def check_tuning(module):
    """Averages over four folds of m chains weight steps by w. A fold estimates sigma^2 by s^2, where
    (m - 1) s^2 / sigma^2 is chi-squared. With q_i the mean of g_i^2 s_i^2, to first order
    1 + 2 (s_i^2 / sigma_i^2 - 1), the estimate from gradients is tr C^2 / tr C = mean q^2 / mean q: its log
    has a variance of 8 / (d m) and, from the products of s with the rows in it, a mean of (8 - 12 / d) / m,
    and the step minus half of that. That from white positions has no first-order error: it is within 3 / m of
    1, with sd 2 / m."""
    dim, m = len(SCALES), 64
    states = fed(4 * m, dim, DampedTuning)
    data = (jnp.diag(jnp.asarray(SCALES, jnp.float32)), 0.8)
    _, states, _ = feed(module.meads(), states, gaussian, fresh_key(), NUM_WARMUP, data)
    found = jax.tree.map(lambda leaf: leaf[0], states.tuning)
    z = stats.norm.isf(FALSE_ALARM / (2 * (dim + 2)))
    spread = np.sqrt(np.sum(smoothing_weights(NUM_WARMUP) ** 2) / 4)
    # A sum of chi-squareds has a heavier right tail than a normal (Laurent and Massart 2000).
    of_variance = z * spread * np.sqrt(2 / (m - 1)) + z**2 * NUM_WARMUP**-0.75 / (m - 1)
    assert np.all(np.abs(found.inverse_mass_factor**2 / SCALES**2 - 1) < of_variance)
    of_step = z * spread * np.sqrt(2 / (dim * m)) + (8 / m) ** 2
    assert abs(np.log(found.step_size / 0.5) + (4 - 6 / dim) / m) < of_step
    assert abs(np.log(found.damping)) < (3 + z * spread * 2) / m


def check_folds(module):
    """Four folds of different scales: after each step every fold has the scale of another one."""
    own = jnp.repeat(10.0 ** jnp.arange(4), 8)[:, None]
    positions = own * jnp.tile(jnp.array([-1.0, 1.0]), 16)[:, None]
    states = fed(32, 1, DampedTuning)._replace(position=positions, gradient=-positions / own**2)
    state, states = module.meads().init(states)
    for index in range(6):
        state, states = module.meads().update(state, states, None, jnp.int32(index), jnp.int32(100))
        donor = np.round(np.log10(states.tuning.inverse_mass_factor[::8, 0]))
        assert sorted(donor) == [0, 1, 2, 3]
        assert np.all(donor != np.arange(4))


@pytest.mark.parametrize("check", [check_tuning, check_folds])
def test_estimates_are_right(check):
    check(import_module("jgen.sampling.adaptation.meads"))
