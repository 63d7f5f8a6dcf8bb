"""Multiple importance sampling: log Z is unbiased, and the bugs that would bias it."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.samplers.exact.multiple_importance import multiple_importance
from jgen.sampling.driver import sample
from tests.helpers.mutant import Bug, plant
from tests.helpers.random_keys import fresh_key

SHIPPED = importlib.import_module("jgen.samplers.exact.multiple_importance")
BUGS = {
    "multiple importance, counts left out of the mixture": Bug(
        "samplers.mixture_proposal",
        "jnp.log(numbers / numbers.sum())",
        "jnp.log(numbers * 0 + 1 / numbers.size)",
        "samplers.exact.multiple_importance",
    ),
    "multiple importance, a proposal dropped from the mixture": Bug(
        "samplers.mixture_proposal",
        "(value) for proposal in proposals]",
        "(value) for proposal in proposals[:1] * 2]",
        "samplers.exact.multiple_importance",
    ),
}
PROPOSALS = [dist.Normal(-2.0, 2.0), dist.StudentT(5.0, 3.0, 1.0)]
# One function for all, so that all are one program.
FAMILY = (
    lambda x: -0.5 * x**2,
    lambda x: jnp.logaddexp(-0.5 * (x - 3.0) ** 2, -0.5 * (x + 2.0) ** 2),
    lambda x: -2.0 * jnp.abs(x - 1.0),
)
TARGETS = {
    "normal": (0, 0.5 * np.log(2 * np.pi)),
    "two modes": (1, np.log(2) + 0.5 * np.log(2 * np.pi)),
    "laplace": (2, 0.0),
}


def member(index, x):
    return jax.lax.switch(index, FAMILY, x)


def check(module, index, log_z):
    """The mean of 20,000 weights, bounded by a proposal that covers the target, is Z within 6 errors."""
    log_density = Partial(member, jnp.int32(index))
    sampler = module.multiple_importance(log_density, PROPOSALS, counts=[1, 3])
    run = sample(fresh_key(), sampler, num_chains=2000, num_draws=10)
    z_hat = np.exp(np.asarray(run.draws.log_weight, float)).mean(axis=-1).ravel() / np.exp(log_z)
    error = z_hat.std() / np.sqrt(z_hat.size)
    assert error < 0.01
    assert abs(z_hat.mean() - 1) < 6 * error


@pytest.mark.parametrize("name", TARGETS)
def test_z_is_unbiased(name):
    check(SHIPPED, *TARGETS[name])


@pytest.mark.parametrize("name", BUGS)
def test_planted_mixtures_are_caught(name, kills):
    with kills(name, error=AssertionError):
        check(plant(BUGS[name]), *TARGETS["two modes"])


def test_counts_must_fit():
    with pytest.raises(ValueError, match="a whole number"):
        multiple_importance(FAMILY[0], PROPOSALS, counts=[1, 0])
    with pytest.raises(ValueError, match="one proposal or more"):
        multiple_importance(FAMILY[0], [])
