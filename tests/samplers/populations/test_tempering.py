"""Parallel tempering: every replica keeps the law of its temperature, and its log Z is the truth."""

import importlib
import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.stats import kstest

from jgen.evaluation.evidence import stepping_stones, thermodynamic
from jgen.samplers import AnnealingPath, metropolis, tempering
from jgen.sampling.driver import sample
from jgen.testing.sampler_checks import CheckFailed
from tests.helpers.mutant import plant
from tests.helpers.random_keys import fresh_key
from tests.mutants.tempering import EVIDENCE_BUGS, LAW_BUGS, LEFT_BEHIND

SHIPPED = importlib.import_module(
    "jgen.samplers.populations.tempering"
)  # its function hides it in the package
BETAS = jnp.array([0.0, 0.2, 0.6, 1.0])
NUM_CHAINS = 20_000


def log_density(x):
    """N(2, 1) with log Z = log(2 pi) / 2."""
    return -0.5 * (x - 2.0) ** 2


# The base is N(0, 2^2), so every density on the path is Gaussian.
PATH = AnnealingPath(dist.Normal(0.0, 2.0), log_density)
PRECISION = np.asarray((1 - BETAS) / 4 + BETAS)
MEAN, SD = np.asarray(2 * BETAS) / PRECISION, PRECISION**-0.5


def exact_then_stepped(module, num_steps=4):
    """All replicas at exact draws, some steps, and the draws of the last step."""
    sampler = module.tempering(PATH, partial(metropolis, step_size=2.0), BETAS)
    init_key, start_key, key = jax.random.split(fresh_key(), 3)
    states = jax.vmap(lambda key: sampler.init(key, None))(jax.random.split(init_key, NUM_CHAINS))
    start = MEAN[None] + SD[None] * jax.random.normal(start_key, (NUM_CHAINS, len(BETAS)))
    states = states._replace(positions=start)
    step = jax.jit(jax.vmap(sampler.step))
    for index in range(num_steps):
        states, draws = step(jax.random.split(jax.random.fold_in(key, index), NUM_CHAINS), states)
    return states, draws


def check_law(module):
    """The exact distribution function at each temperature, by DKW; false alarm 1e-6 in all."""
    states, _ = exact_then_stepped(module)
    threshold = math.sqrt(math.log(2e6 * len(BETAS)) / (2 * NUM_CHAINS))
    standard = (np.asarray(states.positions) - MEAN[None]) / SD[None]
    distance = max(kstest(column, "norm").statistic for column in standard.T)
    if distance > threshold:
        raise CheckFailed(f"a replica is off the law of its temperature by {distance:.3f} > {threshold:.3f}")


def test_every_replica_keeps_the_law_of_its_temperature():
    check_law(SHIPPED)


@pytest.mark.parametrize(
    "name", [name if name[:2] == "10" else pytest.param(name, marks=pytest.mark.slow) for name in LAW_BUGS]
)
def test_planted_swaps_are_caught(name, kills):
    with kills(name):
        check_law(plant(LAW_BUGS[name]))


def check_ratios(module):
    states, draws = exact_then_stepped(module, num_steps=1)
    x = states.positions
    expected = log_density(x) - PATH.base.log_prob(x)
    np.testing.assert_allclose(draws.info["log_ratio"], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(draws.value, x[:, -1])


def test_what_is_reported_belongs_to_the_swapped_replicas(kills):
    check_ratios(SHIPPED)
    with kills("10 tempering, log ratios left behind by a swap", error=AssertionError):
        check_ratios(plant(LEFT_BEHIND))


def curve():
    """Mean and variance of the log ratio at every temperature: a quadratic of a Gaussian, by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    x = MEAN[None] + SD[None] * nodes[:, None]
    ratio = -0.5 * (x - 2.0) ** 2 + x**2 / 8 + 0.5 * math.log(8 * math.pi)
    mean = weights @ ratio / weights.sum()
    return mean, weights @ (ratio - mean[None]) ** 2 / weights.sum()


def ruled():
    """What the corrected trapezoid rule makes of the exact curve."""
    (mean, variance), rise = curve(), np.diff(np.asarray(BETAS))
    return np.sum(rise / 2 * (mean[1:] + mean[:-1]) - rise**2 / 12 * np.diff(variance))


LOG_Z = 0.5 * math.log(2 * math.pi)


@pytest.mark.slow
def test_log_z_is_found_from_one_run(kills):
    """Student's t with 63 degrees of freedom lies within 5.5 with probability 1 - 7e-7."""
    key = fresh_key()
    sampler = tempering(PATH, partial(metropolis, step_size=2.0), BETAS)
    run = sample(key, sampler, num_chains=64, num_draws=200, num_warmup=50)

    def check(estimate, truth):
        result = estimate(run.draws, BETAS)
        error = float(result.high - result.value) / 1.998
        assert abs(float(result.value) - truth) < 5.5 * error
        assert error < 0.03

    check(stepping_stones, LOG_Z)
    check(thermodynamic, ruled())
    bugs = EVIDENCE_BUGS.items()
    for name, (bug, truth) in {
        name: (bug, LOG_Z if "stones" in name else ruled()) for name, bug in bugs
    }.items():
        module = plant(bug)
        estimate = module.stepping_stones if "stones" in name else module.thermodynamic
        with kills(name, error=AssertionError):
            check(estimate, truth)
    assert np.asarray(run.draws.info["round_trip"]).mean() > 0.05


@pytest.mark.parametrize("estimate", [stepping_stones, thermodynamic])
def test_log_z_refuses_other_draws(estimate):
    run = sample(jax.random.key(0), tempering(PATH, metropolis, BETAS), num_chains=4, num_draws=2)
    with pytest.raises(ValueError, match="on this ladder"):
        estimate(run.draws, [0.0, 1.0])
