"""Nominal 95 % intervals of log Z: how often they cover the truth, in 200 independent repetitions.

Every estimator that averages weights is found in ``jgen.samplers``; those that read chains are listed. Chains
start at exact draws. A right interval covers 90 % of the time or more (weights are skewed, and a delta method
knows no skewness): of 200 it then covers 153 at least, but for a chance of 1e-8.
"""

import secrets

import jax
import jax.numpy as jnp
import pytest
from jax.tree_util import Partial
from scipy.stats import binom

import jgen.samplers
import jgen.targets
from jgen.evidence import bridge, stepping_stones
from jgen.laws.base import exact_draws
from jgen.samplers import Path, hmc, tempering
from jgen.sampling import sample
from jgen.summary import log_evidence
from jgen.testing import members
from jgen.types import Law

REPETITIONS = 200
FEWEST = int(binom.ppf(1e-8, REPETITIONS, 0.9))
NAMES = (
    *("banana", "bioassay", "dirichlet", "gumbel"),
    *("linear_decoder", "normal_from_cauchy", "probit_process", "skew_normal"),
)
TARGETS = {name: getattr(jgen.targets, name)() for name in NAMES}
SAMPLERS = members(jgen.samplers, "recipe")
NUM_WEIGHTS, NUM_POPULATIONS, NUM_CHAINS, NUM_DRAWS = 400, 50, 8, 100
BETAS = jnp.linspace(0.0, 1.0, 5)


def law(module):
    """What kind of draws a sampler makes; None where it claims none of these targets."""
    target = next((each for each in TARGETS.values() if module.recipe(each) is not None), None)
    if target is None:
        return None
    init, step = module.recipe(target).sampler
    return jax.eval_shape(lambda key: step(key, init(key, target.start)), jax.random.key(0))[1].law


LAWS = {
    name: found for name, module in SAMPLERS.items() if (found := law(module)) in (Law.WEIGHTED, Law.ENSEMBLE)
}


def parts(draws, size):
    """The draws of so many chains at a time."""
    return [
        jax.tree.map(lambda leaf, i=i: leaf[i * size : (i + 1) * size], draws) for i in range(REPETITIONS)
    ]


def weighted(name):
    """By the mean weight."""

    def estimates(key, target):
        num_draws = NUM_POPULATIONS if LAWS[name] is Law.ENSEMBLE else NUM_WEIGHTS
        sampler = SAMPLERS[name].recipe(target).sampler
        run = sample(key, sampler, num_chains=REPETITIONS, num_draws=num_draws)
        return [log_evidence(one) for one in parts(run.draws, 1)]

    return estimates


def by_bridge(key, target):
    kernel = hmc(target.log_density, step_size=0.5, num_steps=4, inverse_mass_matrix=target.variance)
    start = exact_draws(key, target, REPETITIONS * NUM_CHAINS)
    keys = jax.random.split(key, REPETITIONS)
    run = sample(key, kernel, num_chains=len(start), num_draws=NUM_DRAWS, position=start)
    pairs = zip(keys, parts(run.draws, NUM_CHAINS), strict=True)
    return [bridge(key, one, target.log_density) for key, one in pairs]


def by_stepping_stones(key, target):
    kernel = Partial(hmc, step_size=0.5, num_steps=4, inverse_mass_matrix=target.variance)
    sampler = tempering(Path(target.proposal, target.log_density), kernel, BETAS)
    start = exact_draws(key, target, REPETITIONS * NUM_CHAINS)
    size = {"num_chains": len(start), "num_draws": NUM_DRAWS, "num_warmup": 50}
    run = sample(key, sampler, position=start, **size)
    return [stepping_stones(one, BETAS) for one in parts(run.draws, NUM_CHAINS)]


ESTIMATORS = {name: weighted(name) for name in LAWS} | {
    "bridge": by_bridge,
    "stepping stones": by_stepping_stones,
}


def claims(estimator, target):
    return estimator not in SAMPLERS or SAMPLERS[estimator].recipe(TARGETS[target]) is not None


def mark(estimator, target):
    """Two targets of each estimator in CI, all of them weekly."""
    place = list(ESTIMATORS).index(estimator) + NAMES.index(target)
    return pytest.mark.slow if place % 4 == 0 else pytest.mark.weekly


@pytest.mark.parametrize(
    ("estimator", "target"),
    [
        pytest.param(estimator, target, id=f"{estimator}-{target}", marks=mark(estimator, target))
        for estimator in ESTIMATORS
        for target in NAMES
        if claims(estimator, target)
    ],
)
def test_intervals_of_log_z_cover_the_truth(estimator, target, record_property):
    truth = float(TARGETS[target].log_evidence)
    found = ESTIMATORS[estimator](jax.random.key(secrets.randbits(31)), TARGETS[target])
    covered = sum(bool(result.low <= truth <= result.high) for result in found)
    record_property("covered", covered)
    assert len(found) == REPETITIONS
    assert covered >= FEWEST
