"""Test the tower of up-convolutions and its residual blocks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.decoders.up_convolution import Residual, UpTower
from tests.helpers.decoder_params import some_params


@pytest.mark.parametrize("shape", [(7, 5, 2), pytest.param((3, 1, 5, 1), marks=pytest.mark.weekly)])
def test_every_element_of_any_size_depends_on_the_latent(shape):
    """The excess after doubling is cut off: no element comes from padding alone."""
    tower = UpTower(shape, 2, (4, 3, 3), 1, jax.nn.gelu)
    params = some_params(tower)
    z = jnp.ones((1, 2))
    _, slope = jax.jit(lambda z: jax.jvp(lambda z: tower.apply({"params": params}, z)[0], (z,), (z,)))(z)
    assert slope.shape == (*shape, 2)
    assert (np.asarray(slope) != 0).all()


def test_a_residual_block_without_weights_is_the_identity():
    block, x = Residual(jax.nn.gelu), jnp.asarray(np.random.default_rng(0).normal(size=(2, 3, 3, 4)))
    zeros = jax.tree.map(jnp.zeros_like, jax.jit(block.init)(jax.random.key(0), x))
    np.testing.assert_array_equal(jax.jit(block.apply)(zeros, x), x)
