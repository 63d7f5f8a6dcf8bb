"""Test the head of point masses."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from jgen.decoders.heads import Delta


def test_a_delta_draws_its_squashed_number():
    distribution = Delta(jnp.tanh).apply({}, jnp.full((2, 3, 1), 0.5))
    assert isinstance(distribution, dist.Delta)
    np.testing.assert_allclose(
        distribution.sample(jax.random.key(0)), np.full((2, 3), np.tanh(0.5)), rtol=1e-6
    )
