"""Calibration passes exact draws of the posterior and fails wrong ones; 1e-6 a false alarm."""

from functools import partial

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.testing.sampler_checks import CheckFailed, calibration
from tests.helpers.random_keys import fresh_key

PRIOR = dist.Normal(0.0, 1.0)


def likelihood(mean):
    return dist.Normal(mean, 0.5)


@jax.jit
def draws(key, log_density, factor):
    """15 draws of the posterior N(0.8 y, 0.2), with a standard deviation ``factor`` times as large."""
    data = log_density.args[2]
    return 0.8 * data + factor * jnp.sqrt(0.2) * jax.random.normal(key, (15,))


def calibrate(factor):
    infer = partial(draws, factor=factor)
    return calibration(infer, PRIOR, Partial(likelihood), fresh_key(), num_replications=400)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_exact_draws_are_calibrated_and_wide_ones_are_not():
    """Distances of 0.28 are never missed; draws four times as wide have ranks 0.5 off uniform."""
    found = calibrate(1.0)
    assert found.value <= found.allowed
    with pytest.raises(CheckFailed, match="not distributed like draws of their posteriors"):
        calibrate(4.0)
