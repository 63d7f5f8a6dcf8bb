"""Test the estimates of window, and its step sizes at the end of windows."""

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.samplers import hmc, mala, nuts
from jgen.sampling.adaptation import window
from jgen.sampling.driver import sample, start
from jgen.targets import ill_conditioned_gaussian, standard_gaussian
from jgen.targets.ill_conditioned_gaussian import cosine_transform
from jgen.testing.sampler_checks.target_draws import exact_draws, positions
from tests.helpers.adaptation_histories import allowed_error, last_window, learned, whitened
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key

SHIPPED = import_module("jgen.sampling.adaptation.window")
FALSE_ALARM = 1e-6
EPS = float(np.finfo(np.float32).eps)
KEY = jax.random.key(3)
TARGET = standard_gaussian(10)
SCALES = np.geomspace(1e-2, 1e2, 5)
NUM_WARMUP = 300


def check_variances(module):
    """(n - 1) s^2 / sigma^2 is chi-squared; the factor is the root of the shrunk s^2."""
    num_chains = 8
    found = np.asarray(learned(module.window(), np.diag(SCALES), num_chains), np.float64)
    n = num_chains * last_window(NUM_WARMUP)
    shrinkage = 5 / (n + 5)
    variance = (found**2 - shrinkage * 1e-3) / (1 - shrinkage)
    tail = stats.chi2.cdf((n - 1) * variance / SCALES**2, n - 1)
    assert np.minimum(tail, 1 - tail).min() > FALSE_ALARM / (2 * len(SCALES))


def check_covariance(module):
    """All singular values of a whitened sample are within sqrt(d/n) + t/sqrt(n) of 1, but for a probability
    of 2 exp(-t^2/2) (Davidson and Szarek 2001); the mean takes one of the n, the shrinkage 5 / (n + 5)."""
    dim, num_chains = 5, 8
    factor = cosine_transform(dim) * np.geomspace(1, 30, dim)[None]
    found = whitened(learned(module.window(dense=True), factor, num_chains), factor)
    n = num_chains * last_window(NUM_WARMUP)
    spread = np.sqrt(dim / (n - 1)) + np.sqrt(2 * np.log(2 / FALSE_ALARM) / (n - 1))
    assert np.all(found**-0.5 < 1 + spread)
    assert np.all(found**-0.5 > (1 - spread) * np.sqrt(n / (n + 5)))


@pytest.mark.parametrize("check", [check_variances, check_covariance])
def test_estimates_are_those_of_the_draws(check):
    check(SHIPPED)


@pytest.mark.parametrize("num_chains", first_of_each([16, 32]))
def test_many_chains_end_a_window_at_the_target(num_chains):
    """With the gamma of one chain, steps oscillate, and the rate ends 0.13 too high."""
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


@pytest.mark.parametrize("num_warmup", [1, 10, 100, *first_of_each([5, 15, 25, 30, 60, 150])[1:]])
@pytest.mark.parametrize("make", first_of_each([hmc, nuts]))
def test_short_warm_ups_end_with_moving_chains(make, num_warmup):
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


@pytest.mark.parametrize("dense", first_of_each([True, False]))
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


def test_a_dense_mass_matrix_can_become_diagonal():
    sampler = hmc(TARGET.log_density, inverse_mass_matrix=jnp.diag(jnp.arange(1.0, 11.0)))
    state, _ = start(
        KEY, sampler, num_chains=2, num_warmup=2, adaptation=window(), position=positions(TARGET, 2)
    )
    assert state.states.tuning.inverse_mass_factor.shape == (2, 10)
