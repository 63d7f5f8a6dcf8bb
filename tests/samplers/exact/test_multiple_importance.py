"""Test that multiple importance sampling has an unbiased Z."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.samplers import multiple_importance
from jgen.sampling.driver import sample
from tests.helpers.random_keys import fresh_key

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


def check_z(name, make=multiple_importance):
    """Check that 20,000 weights, bounded as a proposal covers the target, average to Z within 6 errors."""
    index, log_z = TARGETS[name]
    sampler = make(Partial(member, jnp.int32(index)), PROPOSALS, counts=[1, 3])
    run = sample(fresh_key(), sampler, num_chains=2000, num_draws=10)
    z_hat = np.exp(np.asarray(run.draws.log_weight, float)).mean(axis=-1).ravel() / np.exp(log_z)
    error = z_hat.std() / np.sqrt(z_hat.size)
    assert error < 0.01
    assert abs(z_hat.mean() - 1) < 6 * error


@pytest.mark.parametrize("name", TARGETS)
def test_z_is_unbiased(name):
    """False alarm 2e-9."""
    check_z(name)
