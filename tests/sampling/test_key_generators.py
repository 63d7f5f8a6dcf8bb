"""Test that kernels are right under keys of every generator of JAX.

Under vmap, a key of "rbg" or "unsafe_rbg" draws the numbers of a whole batch from the batch's first key:
where the first chain waits for others in a loop, all are given the same numbers again.
"""

import secrets

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

from jgen.samplers import nuts, slice_sampler
from jgen.sampling import sample
from jgen.training import init_restarts, init_state
from tests.helpers.marking import first_of_each

NUM_CHAINS, NUM_DRAWS = 64, 1000
KERNELS = {"slice": slice_sampler, "nuts": nuts}


def log_density(x):
    return -0.5 * jnp.sum(x**2)


def by_driver(sampler, key, start):
    return sample(key, sampler, num_draws=NUM_DRAWS, num_chains=NUM_CHAINS, position=start).draws.value


def by_hand(sampler, key, start):
    """Run the chains by vmapped steps, whose keys are of the generator given."""

    def step(states, key):
        states, draws = jax.vmap(sampler.step)(jax.random.split(key, NUM_CHAINS), states)
        return states, draws.value

    states = jax.vmap(sampler.init)(jax.random.split(key, NUM_CHAINS), start)
    return jax.jit(lambda: jax.lax.scan(step, states, jax.random.split(key, NUM_DRAWS))[1])().swapaxes(0, 1)


CASES = [
    (kernel, run, impl)
    for kernel in KERNELS
    for run in (by_driver, by_hand)
    for impl in ("rbg", "unsafe_rbg")
]


@pytest.mark.parametrize("case", first_of_each(CASES, family=lambda case: case[:2]))
def test_variance_of_a_normal(case):
    """Chains from exact starts are independent, so their means of x^2 have a t statistic; a correct kernel
    fails with a probability of 1e-6."""
    kernel, run, impl = case
    key = jax.random.key(secrets.randbits(31), impl=impl)
    start = jax.random.normal(jax.random.key(secrets.randbits(31)), (NUM_CHAINS, 2))
    draws = np.asarray(run(KERNELS[kernel](log_density), key, start))  # [chain, draw, 2]
    means = (draws**2).mean(axis=(1, 2))
    deviation = (means.mean() - 1) / (means.std(ddof=1) / np.sqrt(NUM_CHAINS))
    assert abs(deviation) < stats.t.isf(5e-7, NUM_CHAINS - 1), (means.mean(), deviation)


def test_trainings_have_keys_of_the_default_generator():
    key = jax.random.key(0, impl="rbg")
    states = init_restarts(key, jax.random.normal, optax.sgd(0.1), 3)
    state = init_state(key, jnp.zeros(2), optax.sgd(0.1))
    assert {str(jax.random.key_impl(one.key)) for one in (states, state)} == {"threefry2x32"}
    assert len(np.unique(jax.random.key_data(states.key), axis=0)) == 3
