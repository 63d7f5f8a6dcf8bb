"""Test the refusal of data that do not fit."""

import jax
import jax.numpy as jnp
import pytest

from jgen.encoders import ConvCritic, ConvEncoder, MLPCritic, MLPEncoder


@pytest.mark.parametrize(
    ("network", "x", "complaint"),
    [
        (MLPEncoder(2), jnp.zeros(3), r"MLPEncoder takes data \[batch, ...\], got an array of shape \(3,\)"),
        (ConvEncoder(2), jnp.zeros((3, 8)), r"ConvEncoder takes data \[batch, \*space, channel\]"),
        (MLPCritic(), jnp.zeros(3), r"MLPCritic takes data \[batch, ...\]"),
        (ConvCritic(), jnp.zeros((3, 8)), r"ConvCritic takes data \[batch, \*space, channel\]"),
    ],
)
def test_data_with_too_few_axes_are_refused(network, x, complaint):
    with pytest.raises(ValueError, match=complaint):
        jax.eval_shape(network.init, jax.random.key(0), x)
