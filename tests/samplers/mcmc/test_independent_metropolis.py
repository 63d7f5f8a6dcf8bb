"""Test the acceptance rate and the start of independent Metropolis."""

from math import atan, pi

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.samplers import independent_metropolis
from jgen.sampling.driver import sample
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(11)


def log_density(x):
    return -0.5 * x**2


def test_acceptance_rate_is_the_known_one():
    r"""p = N(0, 1), q = N(0, s^2): E min(1, w'/w) = 2 P(|z| < |x|) = (4 / pi) arctan(1 / s).

    False alarm 2e-9 (six standard errors).
    """
    num_chains, scale = 20_000, 2.0
    sampler = independent_metropolis(log_density, dist.Normal(0.0, scale))
    key = fresh_key()
    start = jax.random.normal(key, (num_chains,))
    run = sample(jax.random.fold_in(key, 1), sampler, num_chains=num_chains, num_draws=1, position=start)
    rate = run.draws.info["acceptance_rate"]
    assert abs(rate.mean() - 4 / pi * atan(1 / scale)) < 6 * rate.std() / np.sqrt(num_chains)


def test_chains_start_at_a_draw_of_the_proposal_or_at_a_valid_position():
    sampler = independent_metropolis(log_density, dist.LogNormal(0.0, 1.0))
    assert np.all(sample(KEY, sampler, num_chains=2, num_draws=1).draws.value > 0)
    with pytest.raises(ValueError, match="1 of 2 chains start where the log_density is not finite"):
        sample(KEY, sampler, num_chains=2, num_draws=1, position=jnp.array([1.0, -2.0]))
