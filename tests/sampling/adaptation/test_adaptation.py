"""Warm-up reaches what it aims at, pools its chains, and counts steps, not chains."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.samplers import hmc, mala, metropolis, nuts
from jgen.sampling.adaptation import step_size, window
from jgen.sampling.adaptation.dual_averaging import average, start_average
from jgen.sampling.adaptation.growing_windows import Moments, add_rows, no_moments, schedule
from jgen.sampling.chains import advance
from jgen.sampling.driver import sample, start
from jgen.targets import ill_conditioned_gaussian, standard_gaussian
from jgen.testing.sampler_checks.target_draws import exact_draws, positions
from tests.helpers.adaptation_histories import allowed_error
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(3)
TARGET = standard_gaussian(10)


@pytest.mark.parametrize(
    ("make", "target"), [(mala, 0.574), (metropolis, 0.234), pytest.param(nuts, 0.8, marks=pytest.mark.slow)]
)
def test_the_acceptance_rate_becomes_the_target(make, target):
    """A right one fails one time in a million, whatever the key. HMC, whose trajectories of a fixed number
    of steps resonate, accepts no steadily falling share as they grow: what to allow it is not derived."""
    run = sample(
        fresh_key(),
        make(TARGET.log_density, step_size=0.1),
        num_chains=32,
        num_draws=500,
        num_warmup=1000,
        adaptation=step_size(target),
        position=exact_draws(KEY, TARGET, 32),
    )
    rates = run.draws.info["acceptance_rate"]
    distance = abs(np.log(run.state.states.tuning.step_size[0] / 0.1))
    assert abs(rates.mean() - target) < allowed_error(rates, 1000, distance)


def test_dual_averaging_is_updated_once_a_step():
    """Bug 5: with 64 chains the count of updates is that of the steps."""
    state, _ = start(KEY, mala(TARGET.log_density), num_chains=64, position=positions(TARGET, 64))
    adaptation = step_size(0.5)
    memory, _ = adaptation.init(state.states)
    state, draws = advance(mala(TARGET.log_density), state)
    memory, _ = adaptation.update(memory, state.states, draws, jnp.int32(0), jnp.int32(10))
    assert float(memory.updates) == 1.0


@pytest.mark.parametrize("num_chains", [16, 32])
def test_many_chains_end_a_window_at_the_target(num_chains):
    """Catches a lone chain's small gamma: with it steps swing, and the rate ends 0.13 too high."""
    run = sample(
        fresh_key(),
        mala(TARGET.log_density, step_size=0.1),
        num_chains=num_chains,
        num_draws=500,
        num_warmup=400,
        adaptation=window(0.574),
        position=exact_draws(KEY, TARGET, num_chains),
    )
    rates = run.draws.info["acceptance_rate"]
    distance = 1.0  # the last window begins at the average of the one before, less than a factor e away
    assert abs(rates.mean() - 0.574) < allowed_error(rates, 50, distance, gamma=0.2)


def test_dual_averaging_is_hoffman_and_gelmans():
    """The paper's equations (6), written as sums over the past, drawn to the first step size."""
    rates, target = np.array([0.9, 0.2, 0.7, 0.6]), 0.65
    memory = start_average(jnp.float32(0.3))
    log_average = np.log(0.3)
    for t in range(1, 5):
        memory = average(memory, jnp.float32(rates[t - 1]), jnp.float32(target))
        mean_error = np.sum(target - rates[:t]) / (t + 10)
        log_step = np.log(0.3) - np.sqrt(t) / 0.05 * mean_error
        log_average = t**-0.75 * log_step + (1 - t**-0.75) * log_average
        np.testing.assert_allclose(float(memory.log_step), log_step, rtol=1e-5)
    np.testing.assert_allclose(float(memory.log_average), log_average, rtol=1e-5)


def test_population_moments_are_those_of_all_draws():
    draws = np.random.default_rng(0).normal(3.0, 2.0, (5, 7, 3)).astype(np.float32)  # [draw, chain, dim]
    for factor in (jnp.ones(3), jnp.eye(3)):
        moments: Moments = no_moments(factor)
        for population in draws:
            moments = add_rows(moments, jnp.asarray(population))
        covariance = np.cov(draws.reshape(-1, 3).T.astype(np.float64))
        truth = covariance if factor.ndim == 2 else np.diag(covariance)
        np.testing.assert_allclose(moments.scatter / (moments.num_seen - 1), truth, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("num_warmup", [1, 7, 20, 100, 150, 300, 1000, 4000])
def test_windows_cover_the_slow_phase(num_warmup):
    """Windows double, the last is the longest, the final step of warm-up is in none of them."""
    index = jnp.arange(num_warmup)
    is_slow, ends = jax.vmap(schedule, (0, None))(index, jnp.int32(num_warmup))
    is_slow, ends = np.asarray(is_slow), np.flatnonzero(ends)
    if num_warmup < 100:
        assert not is_slow.any()
        assert not ends.size
        return
    begin, end = 15 * num_warmup // 100, num_warmup - max(num_warmup // 10, 50)
    assert np.flatnonzero(is_slow).tolist() == list(range(begin, end))
    assert ends[-1] == end - 1
    lengths = np.diff([begin - 1, *ends])
    assert lengths.sum() == end - begin
    expected = [25 * 2**k for k in range(len(lengths) - 1)]
    assert lengths[:-1].tolist() == expected
    assert len(lengths) == 1 or lengths[-1] >= 2 * lengths[-2] or lengths[-1] >= 25 * 2 ** (len(lengths) - 1)


@pytest.mark.parametrize("num_warmup", [1, 5, 10, 15, 25, 30, 60, 100, 150])
@pytest.mark.parametrize("make", [hmc, nuts])
def test_a_short_warmup_leaves_a_living_chain(make, num_warmup):
    """Started at a step that accepts nearly all, no length of warm-up may end on one that accepts nothing."""
    target = standard_gaussian(2)
    run = sample(
        KEY,
        make(target.log_density, step_size=0.3),
        num_chains=16,
        num_draws=50,
        num_warmup=num_warmup,
        adaptation=window(),
        position=exact_draws(jax.random.key(4), target, 16),
    )
    assert run.draws.info["acceptance_rate"].mean() > 0.4  # half of what is aimed at


@pytest.mark.parametrize("dense", [False, True])
def test_the_mass_matrix_becomes_the_covariance(dense):
    """The last window pools n = 64 chains x some 500 draws; a dense one makes the rotated, ill-conditioned
    Gaussian round, which a diagonal one cannot: its condition number falls from 1000 to nearly 1."""
    target = ill_conditioned_gaussian(dim=10, condition=1e3)
    state, _ = start(
        KEY,
        hmc(target.log_density, step_size=0.1, num_steps=10),
        num_chains=64,
        num_warmup=1000,
        adaptation=window(0.8, dense=dense),
        position=exact_draws(KEY, target, 64),
    )
    factor = np.asarray(state.states.tuning.inverse_mass_factor[0])
    hessian = -np.asarray(jax.hessian(target.log_density)(target.start), np.float64)
    scale = factor if dense else np.diag(factor)
    condition = np.linalg.cond(scale.T @ hessian @ scale)
    assert condition < 2 if dense else condition > 10


def test_chains_share_one_tuning():
    state, _ = start(
        KEY,
        nuts(TARGET.log_density),
        num_chains=5,
        num_warmup=50,
        adaptation=window(),
        position=exact_draws(KEY, TARGET, 5),
    )
    assert all(np.ptp(np.asarray(leaf), axis=0).max() == 0 for leaf in jax.tree.leaves(state.states.tuning))


def test_a_dense_metric_can_become_diagonal():
    sampler = hmc(TARGET.log_density, inverse_mass_matrix=jnp.diag(jnp.arange(1.0, 11.0)))
    state, _ = start(
        KEY, sampler, num_chains=2, num_warmup=2, adaptation=window(), position=positions(TARGET, 2)
    )
    assert state.states.tuning.inverse_mass_factor.shape == (2, 10)


@pytest.mark.parametrize("adaptation", [window, step_size])
@pytest.mark.parametrize("target", [0.0, 1.0, -1.0, float("nan")])
def test_impossible_targets_are_refused(adaptation, target):
    with pytest.raises(ValueError, match=r"inside \(0, 1\)"):
        adaptation(target)
