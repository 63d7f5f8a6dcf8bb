"""Test the point posterior."""

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from jgen.encoders import Point


def test_a_point_is_a_delta_at_an_affine_map():
    dense = {"kernel": jnp.full((2, 3), 0.5), "bias": jnp.full(3, 0.5)}
    q = Point().apply({"params": {"Dense_0": dense}}, jnp.array([[1.0, 2.0], [0.0, 0.0]]), 3)
    assert isinstance(q, dist.Delta)
    np.testing.assert_allclose(q.mean, [[2.0] * 3, [0.5] * 3])
