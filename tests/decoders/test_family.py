"""Check every decoder, found by its recipe, and the refusal of latents and shapes that do not fit."""

import jax
import jax.numpy as jnp
import pytest

import jgen.decoders
from jgen.decoders import MLP, ConvNet, DiscretisedLogisticMixture, Occupancy
from jgen.testing.check_decoder import check_decoder
from tests.helpers.examples import examples_of
from tests.helpers.marking import first_of_each

DECODERS = examples_of(jgen.decoders, first="mlp")  # the cheapest


@pytest.mark.usefixtures("unoptimised")  # each program compiles for longer than it runs
@pytest.mark.parametrize("name", first_of_each(DECODERS))
def test_a_decoder_passes_every_check(name):
    check_decoder(*DECODERS[name])


HEADED = [name for name, (decoder, _) in DECODERS.items() if hasattr(decoder, "head")]


@pytest.mark.parametrize("name", HEADED)
def test_a_decoder_takes_a_head_of_any_width(name):
    """Batch shape, event shape and draws, traced only."""
    decoder, latent_dim = DECODERS[name]
    headed = decoder.clone(head=DiscretisedLogisticMixture(17, 3))
    key, z = jax.random.key(0), jnp.zeros((3, latent_dim))
    p, _ = jax.eval_shape(headed.init_with_output, key, z)
    draws = jax.eval_shape(lambda p: p.sample(key), p)
    assert (p.batch_shape, p.event_shape, draws.shape) == ((3,), decoder.shape, (3, *decoder.shape))


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
