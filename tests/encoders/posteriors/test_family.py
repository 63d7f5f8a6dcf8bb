"""Check every posterior, found by its recipe, in an encoder, and the formulas of points and Normals."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import jgen.encoders.posteriors
from jgen.encoders import DiagonalNormal, MLPEncoder, Point
from jgen.testing.check_decoder import check_encoder
from tests.helpers.examples import examples_of

POSTERIORS = examples_of(jgen.encoders.posteriors)


@pytest.mark.weekly  # by default the checks of an encoder have a Gaussian posterior
@pytest.mark.parametrize("name", POSTERIORS)
def test_an_encoder_with_any_posterior_passes_every_check(name):
    x = jax.random.normal(jax.random.key(1), (3, 4))
    check_encoder(MLPEncoder(2, (4,), POSTERIORS[name]), x)


def test_a_point_is_a_delta_at_an_affine_map():
    dense = {"kernel": jnp.full((2, 3), 0.5), "bias": jnp.full(3, 0.5)}
    q = Point().apply({"params": {"Dense_0": dense}}, jnp.array([[1.0, 2.0], [0.0, 0.0]]), 3)
    assert isinstance(q, dist.Delta)
    np.testing.assert_allclose(q.mean, [[2.0] * 3, [0.5] * 3])


def test_the_log_scale_of_a_normal_is_linear_near_0_and_bounded():
    """Features f have log-scale b tanh(r / b), r = f/2 + 1/2, at parameters of 1/2."""
    dense = {"kernel": jnp.full((1, 2), 0.5), "bias": jnp.full(2, 0.5)}
    features = jnp.array([[0.0], [-1.0], [1e6], [-1e6]])
    q = DiagonalNormal(bound=3.0).apply({"params": {"Dense_0": dense}}, features, 1)
    np.testing.assert_allclose(q.mean[:, 0], [0.5, 0.0, 5e5, -5e5], rtol=1e-6, atol=0.6)
    log_scale = jnp.log(q.base_dist.scale[:, 0])
    np.testing.assert_allclose(log_scale, [3 * np.tanh(0.5 / 3), 0.0, 3.0, -3.0], rtol=1e-5, atol=1e-6)
