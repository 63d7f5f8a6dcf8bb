"""Check that a rate far from its target is flagged, and one that is off by chance or by a little is not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.samplers import hmc, jittered_hmc
from jgen.sampling import sample
from jgen.sampling.acceptance_check import acceptance_flags
from jgen.sampling.adaptation import chees, step_size, window
from jgen.targets import standard_gaussian
from jgen.types import DrawKind, Draws
from tests.helpers.random_keys import fresh_key


def flags(rates, target=0.8):
    info = {"acceptance_rate": np.asarray(rates, np.float32)}
    return acceptance_flags(Draws(np.zeros(np.shape(rates)), info, None, DrawKind.MARKOV), jnp.array(target))


@pytest.mark.parametrize(("num_chains", "odds"), [(2, 2.0), (64, 2.0), (1, 6.0)])
@pytest.mark.parametrize("target", [0.234, 0.8, 0.99])
def test_odds_beyond_the_bound_are_flagged_on_both_sides(num_chains, odds, target):
    for power in (1, -1):
        for factor, is_flagged in ((0.99, False), (1.01, True)):
            ratio = target / (1 - target) * (factor * odds) ** power
            found = flags(np.full((num_chains, 50), ratio / (1 + ratio)), target)
            assert len(found) == is_flagged
            if found:
                assert ("above" in found[0], "below" in found[0]) == (power == 1, power == -1)
                assert ("jittered_hmc" in found[0]) == (power == 1)


def test_a_rate_within_its_error_is_not_flagged():
    """The mean of 0.6 and 1 has 2.15 times the odds of 0.65. Alternating draws have no error in batches of
    20; sorted ones, in batches of 4 with the means 0.6, 0.6, 0.8 and 1, have 0.07, four times 0.27."""
    alternating = np.tile([0.6, 1.0], (2, 200))
    assert flags(alternating, 0.65)
    assert not flags(np.sort(alternating, axis=1)[:, 190:210], 0.65)


@pytest.mark.parametrize("rates", [np.full((4, 1), np.nan), np.full((1, 1), 0.99), np.full((1, 3), 0.99)])
def test_what_cannot_be_compared_is_not_flagged(rates):
    assert flags(rates) == ()


@pytest.mark.slow
def test_a_resonating_kernel_is_flagged_and_a_jittered_one_is_not():
    """Of 15 runs of HMC with 4, 16 and 32 chains 14 were flagged; none of 6 has probability 1e-6 at 0.9."""
    target, found = standard_gaussian(10), {}
    kernels = {"hmc": hmc(target.log_density, step_size=0.1, num_steps=10)}
    kernels["jittered"] = jittered_hmc(target.log_density, step_size=0.1)
    options = {"num_draws": 300, "num_chains": 4, "num_warmup": 500, "position": jnp.ones((4, 10))}
    for name, kernel in kernels.items():
        keys = jax.random.split(fresh_key(), 6)
        runs = [sample(key, kernel, adaptation=step_size(0.8), **options) for key in keys]
        found[name] = [flag for run in runs for flag in run.flags]
        assert all(flag in repr(run) for run in runs for flag in run.flags)
    assert any("take jittered_hmc" in flag for flag in found["hmc"])
    assert not found["jittered"]


def test_only_adaptations_with_a_target_of_the_mean_are_compared():
    """Of chees it is the harmonic mean over chains that ends at the target."""
    assert float(window(0.7).target_acceptance) == pytest.approx(0.7)
    assert chees().target_acceptance is None
    sampler = jittered_hmc(standard_gaussian(2).log_density, step_size=1e-3, trajectory_length=1e-3)
    options = {"num_draws": 9, "num_chains": 2, "num_warmup": 1, "position": jnp.ones((2, 2))}
    key = jax.random.key(0)
    assert sample(key, sampler, adaptation=chees(), **options).flags == ()
    assert sample(key, sampler, adaptation=step_size(0.8), store=False, **options).flags == ()
    (flag,) = sample(key, sampler, adaptation=step_size(0.8), **options).flags
    assert flag.startswith("the acceptance rate is 1, above the target of 0.8")
