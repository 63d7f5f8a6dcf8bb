"""The variance of independent chains where they end, for kernels whose bias is known."""

import jax.numpy as jnp
import numpy as np

from jgen.samplers import thin
from jgen.sampling.driver import sample
from tests.helpers.random_keys import fresh_key

Z = 6.0  # two-sided normal tail 2e-9


def end_variance(sampler, mean, num_steps):
    """Mean square about the mean at the ends of 4000 independent chains, and its standard error."""
    position = jnp.full(4000, mean)
    run = sample(fresh_key(), thin(sampler, num_steps), num_chains=4000, num_draws=1, position=position)
    squares = (run.draws.value[:, 0].astype(np.float64) - mean) ** 2
    return squares.mean(), squares.std() / np.sqrt(4000), run
