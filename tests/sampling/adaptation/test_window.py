"""Test the estimates of window, and its step sizes at the end of windows."""

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.samplers import hmc, nuts
from jgen.sampling.adaptation import window
from jgen.sampling.driver import sample, start
from jgen.targets import standard_gaussian
from jgen.targets.ill_conditioned_gaussian import cosine_transform
from jgen.testing.sampler_checks.target_draws import exact_draws
from tests.helpers.adaptation_histories import last_window, learned, whitened
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key

FALSE_ALARM = 1e-6
EPS = float(np.finfo(np.float32).eps)
KEY = jax.random.key(3)
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
    check(import_module("jgen.sampling.adaptation.window"))


@pytest.mark.parametrize("num_warmup", [1, 10, 100, *first_of_each([5, 15, 25, 30, 60, 150])[1:]])
@pytest.mark.parametrize("make", first_of_each([hmc, nuts]))
def test_short_warm_ups_end_with_moving_chains(make, num_warmup):
    """Started at a step that accepts nearly all, no length of warm-up may end on one that accepts nothing."""
    target = standard_gaussian(2)
    sampler, position = make(target.log_density, step_size=0.3), exact_draws(jax.random.key(4), target, 16)
    options = {"num_chains": 16, "num_draws": 50, "num_warmup": num_warmup, "adaptation": window()}
    run = sample(KEY, sampler, position=position, **options)
    assert run.draws.info["acceptance_rate"].mean() > 0.4  # half of what is aimed at


@pytest.mark.slow
def test_the_default_is_as_careful_as_chains_adapted_one_by_one_to_stan_s_target():
    """The step of a single chain swings, and with a target of 0.8 its average has a rate of 0.87 to 0.92; a
    rate pooled over chains ends at its target. The mean log steps differ by at most 0.05 and six standard
    errors (of Student's t with some 15 degrees of freedom: 1e-5); with a pooled target of 0.8 by 0.23."""
    target, options = standard_gaussian(10), {"num_draws": 1, "num_warmup": 500}
    sampler = nuts(target.log_density, step_size=0.1)

    def log_step(key, num_chains, adaptation):
        position = jax.tree.map(lambda leaf: jnp.stack([leaf] * num_chains), target.start)
        run = sample(key, sampler, num_chains=num_chains, position=position, adaptation=adaptation, **options)
        return float(jnp.log(run.state.states.tuning.step_size[0]))

    keys = jax.random.split(fresh_key(), 20)
    single = [log_step(key, 1, window(0.8)) for key in keys[:16]]
    pooled = [log_step(key, 4, window()) for key in keys[16:]]
    error = np.sqrt(np.var(single, ddof=1) / 16 + np.var(pooled, ddof=1) / 4)
    assert np.mean(pooled) < np.mean(single) + 0.05 + 6 * error


def test_a_dense_mass_matrix_can_become_diagonal():
    sampler = hmc(standard_gaussian(3).log_density, inverse_mass_matrix=jnp.diag(jnp.arange(1.0, 4.0)))
    options = {"num_warmup": 2, "adaptation": window(), "position": jnp.ones((2, 3))}
    state, _ = start(KEY, sampler, num_chains=2, **options)
    assert state.states.tuning.inverse_mass_factor.shape == (2, 3)
