"""Check kernels where a constant of the log density is large: they draw from the density as rounded.

Levels and energies are compared by differences; a sum with the constant would round them again.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial
from scipy import stats

from jgen.samplers import direct, discrete_gibbs, enumerate_states
from jgen.sampling import sample
from jgen.targets import standard_gaussian
from jgen.types import DrawKind
from tests.helpers.members import SAMPLERS, kind_of
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_key

SHIFT = -1e7  # one nat apart in float32
TARGET = standard_gaussian(1)
MARKOV = [
    name for name in SAMPLERS
    if kind_of(name) is DrawKind.MARKOV and SAMPLERS[name].recipe(TARGET) is not None
    and name not in ("elliptical_slice", "tempering")  # of a ratio, and a path: rounded otherwise
]  # fmt: skip
NUM_CHAINS, NUM_DRAWS = 256, 4000


def shifted(log_density, shift, position):
    return log_density(position) + shift


def variance_as_rounded():
    """Sum over a grid: the density has steps where its logarithm rounds to another whole number."""
    x = np.linspace(-8, 8, 400_001)
    level = (
        np.float32(SHIFT) + np.asarray(jax.vmap(TARGET.log_density)(x[:, None].astype(np.float32)))
    ) - SHIFT
    weight = np.exp(level.astype(np.float64))
    return np.sum(weight * x**2) / np.sum(weight)


@pytest.mark.slow
@pytest.mark.parametrize("name", MARKOV)
def test_kernels_leave_the_rounded_density_invariant(name):
    """Compare the second moment, by the spread of its mean over chains; false alarm 1e-8 each."""
    target = replace(TARGET, log_density=Partial(shifted, TARGET.log_density, SHIFT))
    sampler = SAMPLERS[name].recipe(target).sampler
    key = fresh_key()
    position = jax.random.normal(key, (NUM_CHAINS, 1))
    with pytest.warns(UserWarning, match=r"steps of 1 nats: .*Leave constants out"):
        run = sample(
            key, sampler, num_chains=NUM_CHAINS, num_draws=NUM_DRAWS, position=position, num_warmup=100
        )
    square = np.mean(np.asarray(run.draws.value, np.float64)[..., 0] ** 2, axis=1)  # [chain]
    error = square.std(ddof=1) / np.sqrt(NUM_CHAINS)
    assert abs(square.mean() - variance_as_rounded()) < FALSE_ALARM_SDS * 1.2 * error


LEVELS = np.array([0, 11, 21]) / 16  # held exactly beside a million in float32


def log_density_of_levels(site):
    return jnp.asarray(LEVELS, jnp.float32)[site.astype(int)].sum() - 1e6


@pytest.mark.filterwarnings("ignore:the log density is about")
@pytest.mark.parametrize("make", [
    lambda: discrete_gibbs(log_density_of_levels, num_values=3),
    lambda: enumerate_states(log_density_of_levels, jnp.arange(3)[:, None]),
], ids=["discrete_gibbs", "enumerate_states"])  # fmt: skip
def test_states_are_drawn_by_differences(make):
    """Noise of order one, added to logits of a million, would lose its digits; false alarm 1e-8."""
    size = 100_000
    run = sample(fresh_key(), make(), num_chains=size, num_draws=1, position=jnp.zeros((size, 1), int))
    counts = np.bincount(np.ravel(run.draws.value), minlength=3)
    expected = size * np.exp(LEVELS) / np.exp(LEVELS).sum()
    assert stats.chisquare(counts, expected).pvalue > 1e-8


def test_draws_outside_the_support_are_flagged():
    """A library's truncated normal far in a tail: every draw is beyond its own bound."""
    import numpyro.distributions as dist

    run = sample(
        jax.random.key(0), direct(dist.TruncatedNormal(1.1, 0.005, low=-1.0, high=1.0)), num_draws=10
    )
    assert run.draws.info["outside_support"].all()
    run = sample(jax.random.key(0), direct(dist.TruncatedNormal(0.5, 0.1, low=-1.0, high=1.0)), num_draws=10)
    assert not run.draws.info["outside_support"].any()
