r"""Test the ladder found from exact draws against the exact one.

From N(0, S^2) to N(0, 1) every density between is N(0, 1 / lambda), lambda linear in beta. The rejection rate
of a swap depends on the ratio of two lambdas only, so the ladder of equal rejection rates is geometric in
lambda.
"""

import importlib
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.samplers import AnnealingPath, metropolis, tempering
from jgen.samplers.populations.tempering import Replicas
from jgen.sampling.adaptation import ladder
from jgen.sampling.driver import resume, start
from jgen.types import DrawKind, Draws
from tests.helpers.random_keys import fresh_key

SHIPPED = importlib.import_module("jgen.sampling.adaptation.ladder")
S, NUM_CHAINS, NUM_TEMPERATURES, NUM_WARMUP = 30.0, 4000, 8, 255
EXACT = np.geomspace(S**-2, 1.0, NUM_TEMPERATURES)  # lambda


@partial(jax.jit, static_argnums=0)
def learned(adaptation, key):
    """Return the ladder after a warm-up in which every replica is an exact draw at its temperature."""

    def body(index, carry):
        state, states = carry
        betas = states.betas[0]
        noise = jax.random.normal(jax.random.fold_in(key, index), (NUM_CHAINS, NUM_TEMPERATURES))
        x = noise * lambdas(betas)[None] ** -0.5
        ratio = -0.5 * (1 - S**-2) * x**2
        acceptance = jnp.exp(jnp.minimum(jnp.diff(betas)[None] * (ratio[:, :-1] - ratio[:, 1:]), 0.0))
        draws = Draws(x[:, -1], {"swap_acceptance": acceptance}, None, DrawKind.MARKOV)
        return adaptation.update(state, states, draws, index, NUM_WARMUP)

    betas = jnp.tile(jnp.linspace(0.0, 1.0, NUM_TEMPERATURES), (NUM_CHAINS, 1))
    carry = adaptation.init(Replicas(*[jnp.zeros(NUM_CHAINS)] * 3, betas))
    return jax.lax.fori_loop(0, NUM_WARMUP, body, carry)[1].betas


def lambdas(betas):
    """Compute the precisions on the path."""
    return (1 - betas) * S**-2 + betas


def check_ladder(module):
    """Check within six standard deviations, each at most 1/2 a swap, of all pairs, for a barrier above 2.

    The last round has 128 steps. At the exact ladder log lambda is linear in the barrier.
    """
    betas = np.asarray(learned(module.ladder(), fresh_key()))
    assert (betas == betas[:1]).all()
    error = 6 * 0.5 / np.sqrt(128 * NUM_CHAINS) * (NUM_TEMPERATURES - 1) / 2.0 * np.log(S**2)
    np.testing.assert_allclose(np.log(lambdas(betas[0].astype(float))), np.log(EXACT), atol=error)


def test_the_exact_ladder_is_found():
    check_ladder(SHIPPED)


def test_a_ladder_without_rejection_is_a_fixed_point():
    betas = jnp.array([0.0, 0.3, 0.4, 1.0])
    np.testing.assert_allclose(SHIPPED.equalise_rejection(betas, jnp.zeros(3)), betas, atol=1e-6)


@pytest.mark.parametrize("num_warmup", [1, 2, 6, 7, 100, 127])
def test_the_last_round_ends_with_the_warm_up(num_warmup):
    ends = np.flatnonzero([SHIPPED.ends_round(index, num_warmup) for index in range(num_warmup)]) + 1
    assert ends[-1] == num_warmup
    assert (ends[:-1] == 2 ** np.arange(1, len(ends)) - 1).all()
    assert len(ends) == int(np.log2(num_warmup + 1))


def log_density(x):
    """Density of N(0, 1)."""
    return -0.5 * x**2


def test_the_ladder_is_fixed_in_sampling():
    """Bug 6."""
    sampler = tempering(AnnealingPath(dist.Normal(0.0, S), log_density), metropolis, jnp.linspace(0, 1, 4))
    before, _ = start(jax.random.key(0), sampler, num_chains=8, num_warmup=7, adaptation=ladder())
    after = resume(before, sampler, num_draws=8)
    betas = np.asarray(before.states.betas)
    assert (np.diff(betas[0]) > 0).all()
    assert betas[0, 1] != np.float32(1 / 3)
    np.testing.assert_array_equal(betas, after.state.states.betas)
