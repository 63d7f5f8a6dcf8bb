"""Define tempering from N(0, 2^2) to N(2, 1), on which every temperature is Gaussian, and check log Z."""

import functools
import math

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from jgen.samplers import AnnealingPath, metropolis, tempering
from jgen.sampling.driver import sample
from tests.helpers.random_keys import fresh_key


def log_density(x):
    return -0.5 * (x - 2.0) ** 2


LOG_Z = 0.5 * math.log(2 * math.pi)
PATH = AnnealingPath(dist.Normal(0.0, 2.0), log_density)
BETAS = jnp.array([0.0, 0.2, 0.6, 1.0])
KERNEL = functools.partial(metropolis, step_size=2.0)
PRECISION = np.asarray((1 - BETAS) / 4 + BETAS)
MEAN, SD = np.asarray(2 * BETAS) / PRECISION, PRECISION**-0.5


@functools.cache
def tempered_draws():
    """Return draws of 64 chains."""
    sampler = tempering(PATH, KERNEL, BETAS)
    draws = sample(fresh_key(), sampler, num_chains=64, num_draws=200, num_warmup=50).draws
    assert np.asarray(draws.info["round_trip"]).mean() > 0.05
    return draws


def check_estimate(estimate, truth):
    """Check an estimate of log Z; Student's t of 63 degrees of freedom passes 5.5 with probability 7e-7."""
    result = estimate(tempered_draws(), BETAS)
    error = float(result.high - result.value) / 1.998
    assert abs(float(result.value) - truth) < 5.5 * error
    assert error < 0.03
