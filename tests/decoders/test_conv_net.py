"""Test the convolutional decoder on sequences, images and solids."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.decoders import MLP, ConvNet, Occupancy
from jgen.models.flax_functions import apply_of, init_of
from jgen.testing.check_network import check_network

KEY = jax.random.key(0)


@pytest.mark.parametrize("shape", [(9, 2), (28, 28, 3), (5, 4, 3, 1)])
def test_grids_of_any_rank(shape):
    distribution, _ = jax.eval_shape(ConvNet(shape).init_with_output, KEY, jnp.zeros((2, 5)))
    assert (distribution.batch_shape, distribution.event_shape) == ((2,), shape)


IMAGES = [ConvNet((8, 8, 1)), MLP((8, 8, 1))]
SOLIDS = [ConvNet((8, 8, 8, 1), features=(32, 16, 8)), Occupancy((8, 8, 8, 1))]


@pytest.mark.weekly
@pytest.mark.parametrize("decoder", IMAGES + SOLIDS)
def test_initial_pixels_are_uncertain_and_depend_on_the_latent(decoder):
    """At z ~ N(0, I) all pixels have means between 1 and 99 %, and none is the same for all z."""
    params = init_of(decoder, jnp.zeros((1, 16)))(KEY)
    z = jax.random.normal(jax.random.key(1), (64, 16))
    probs = np.asarray(jax.jit(apply_of(decoder))(params, z).mean)
    assert 0.01 < probs.min() < probs.max() < 0.99
    assert probs.std(0).min() > 1e-3


@pytest.mark.weekly
def test_a_deep_wide_decoder_passes_every_check():
    decoder = ConvNet((8, 8, 3), features=(16, 8, 8), num_blocks=2)
    check_network(decoder, jax.random.normal(KEY, (3, 4)), KEY)
