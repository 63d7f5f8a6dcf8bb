"""Test the tower of strided convolutions."""

import jax
import jax.numpy as jnp
import pytest

from jgen.encoders.down_convolution import DownTower


@pytest.mark.parametrize(("shape", "size"), [((28, 28, 1), 7 * 7 * 32), ((9, 8, 8, 1), 3 * 2 * 2 * 32)])
def test_each_resolution_is_half_the_last_rounded_up(shape, size):
    tower = DownTower((16, 32), jax.nn.gelu)
    out, _ = jax.eval_shape(tower.init_with_output, jax.random.key(0), jnp.zeros((2, *shape)))
    assert out.shape == (2, size)
