"""Test the Gaussian posterior."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.encoders import DiagonalNormal


def test_the_log_scale_is_linear_near_0_and_bounded():
    """Features f have log-scale b tanh(r / b), r = f/2 + 1/2, at parameters of 1/2."""
    features = jnp.array([[0.0], [-1.0], [1e6], [-1e6]])
    posterior = DiagonalNormal(bound=3.0)
    shapes = jax.eval_shape(lambda key: posterior.init(key, features, 1), jax.random.key(0))
    q = posterior.apply(jax.tree.map(lambda leaf: np.full(leaf.shape, 0.5, leaf.dtype), shapes), features, 1)
    np.testing.assert_allclose(q.mean[:, 0], [0.5, 0.0, 5e5, -5e5], rtol=1e-6, atol=0.6)
    np.testing.assert_allclose(
        jnp.log(q.base_dist.scale[:, 0]), [3 * np.tanh(0.5 / 3), 0.0, 3.0, -3.0], rtol=1e-5, atol=1e-6
    )
