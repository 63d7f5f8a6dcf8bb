"""Provide small sequence decoders, over an alphabet of which all strings can be enumerated."""

import itertools
from functools import cache

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.decoders.positions import LearnedPositions
from jgen.decoders.rnn import RNN
from jgen.decoders.transformer import Transformer
from jgen.models.flax_functions import apply_of, init_of
from tests.helpers.marking import first_of_each

VOCABULARY, LENGTH, LATENT, NUM_DRAWS = 5, 4, 2, 20_000
SIZES = {"length": LENGTH, "vocabulary": VOCABULARY, "width": 8}
HEADS = {"num_layers": 2, "num_heads": 2}
NETWORKS = {
    "lstm under gru": RNN(**SIZES, cells=(nn.OptimizedLSTMCell(5), nn.GRUCell(6)), end=1),
    "gru": RNN(**SIZES, cells=(nn.GRUCell(6),)),
    "rotary": Transformer(**SIZES, **HEADS),
    "learned": Transformer(**SIZES, **HEADS, positions=LearnedPositions(LENGTH), end=1),
    "no cells": RNN(**SIZES, cells=()),
}
networks = pytest.mark.parametrize("name", first_of_each(NETWORKS, family=lambda name: type(NETWORKS[name])))
STRINGS = np.array(list(itertools.product(range(VOCABULARY), repeat=LENGTH)))
ROUNDING = 1e4 * float(np.finfo(np.float64).eps)
"""A logit is some hundred sums and products of numbers below 100, each with an error of 100 eps."""


@jax.jit
def evaluate(strings, key):
    """Return the terms and log-probabilities of all strings, and draws."""
    x = jnp.asarray(STRINGS)[:, None]
    return strings.token_log_prob(x), strings.log_prob(x), strings.sample(key, (NUM_DRAWS,))


@cache
def evaluated(name):
    """Return the distribution of a decoder at two latents, in float64, and ``evaluate`` of it."""
    network = NETWORKS[name]
    z = jnp.array([[0.3, -0.3], [-0.4, 0.2]])  # [batch, latent]
    rng = np.random.default_rng(1)
    shapes = jax.eval_shape(init_of(network, z), jax.random.key(0))

    def numbers(
        path, leaf
    ):  # vectors stay near their initial values, so that tokens matter and biases do not
        noise = rng.normal(size=leaf.shape)
        return jnp.asarray(noise if leaf.ndim > 1 else 0.3 * noise + (path[-1].key == "scale"))

    strings = apply_of(network)(jax.tree_util.tree_map_with_path(numbers, shapes), z)
    return strings, [np.asarray(found) for found in evaluate(strings, jax.random.key(2))]
