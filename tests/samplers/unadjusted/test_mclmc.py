"""Test the bias of MCLMC in many dimensions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.samplers import mclmc, thin
from jgen.sampling.driver import sample
from tests.helpers.random_keys import fresh_key


@pytest.mark.weekly
def test_bias_in_many_dimensions_is_the_known_one():
    r"""At unit speed per dimension, r = |x| / sqrt(d) solves r tanh(e r / 2) = e / 2 as d grows.

    In equilibrium a drift of length e sqrt(d) leaves |x| as it was, so half-way x and u meet at
    2 x.u = -e per dimension, and the half turn before it, of rapidity e r / 2 from x.u = 0, makes
    x.u = -r tanh(e r / 2). What is left out is of order 1 / d; it is below 10 / d at d = 10, 100 and 300.
    False alarm 2e-9.
    """
    dim, num_chains, step_size = 2000, 200, 1.2
    sampler = thin(mclmc(lambda x: -0.5 * jnp.sum(x**2), step_size=step_size), 60)
    start = jax.random.normal(fresh_key(), (num_chains, dim))
    draws = sample(fresh_key(), sampler, num_chains=num_chains, num_draws=1, position=start).draws
    found = (draws.value[:, 0].astype(np.float64) ** 2).mean(axis=1)  # [chain]
    radius = 1.0
    for _ in range(100):  # a contraction: r <- e / (2 tanh(e r / 2)) to the power 1/2 of r times it
        radius = np.sqrt(radius * 0.5 * step_size / np.tanh(0.5 * step_size * radius))
    assert radius * np.tanh(0.5 * step_size * radius) == pytest.approx(0.5 * step_size)
    assert radius**2 > 1.1  # so that an unbiased kernel would fail
    assert abs(found.mean() - radius**2) < 6 * found.std() / np.sqrt(num_chains) + 10 / dim
