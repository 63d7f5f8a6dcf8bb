"""Test the recurrent decoder."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgen.decoders.rnn import RNN
from jgen.distributions import truncation
from jgen.models.flax_functions import apply_of, init_of
from tests.helpers.sequence_networks import LATENT, LENGTH, NETWORKS, SIZES


def test_new_parameters_latents_and_truncations_do_not_recompile():
    network, z = NETWORKS["gru"], jnp.ones((2, LATENT))

    @jax.jit
    def log_prob(strings):
        return strings.log_prob(jnp.zeros(LENGTH, int))

    shapes = jax.eval_shape(init_of(network, z), jax.random.key(0))
    for seed in range(3):
        params = jax.tree.map(lambda leaf: jnp.full(leaf.shape, seed, leaf.dtype), shapes)  # noqa: B023
        strings = apply_of(RNN(**SIZES, cells=(nn.GRUCell(6),)))(params, z * seed)
        log_prob(strings.warped(truncation(temperature=1.0 + seed, top_k=2 + seed)))
    assert log_prob._cache_size() == 1
