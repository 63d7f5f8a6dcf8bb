"""Test the refusal of latents and shapes that do not fit."""

import jax
import jax.numpy as jnp
import pytest

from jgen.decoders import MLP, ConvNet, Occupancy


@pytest.mark.parametrize(
    ("decoder", "z", "complaint"),
    [
        (MLP((3,)), jnp.zeros(2), r"MLP takes latents z \[batch, latent\], got an array of shape \(2,\)"),
        (MLP((0,)), jnp.zeros((1, 2)), r"at least 1 on every axis, got shape=\(0,\)"),
        (ConvNet((8,)), jnp.zeros((1, 2)), r"ConvNet makes x of axes of space .* got shape=\(8,\)"),
        (Occupancy((4, 4, 1)), jnp.zeros((2, 1, 2)), "Occupancy takes latents"),
    ],
)
def test_latents_and_shapes_that_do_not_fit_are_refused(decoder, z, complaint):
    with pytest.raises(ValueError, match=complaint):
        jax.eval_shape(decoder.init, jax.random.key(0), z)
