"""Networks of sequence decoders: what a draw costs, shapes, compilations, sizes that cannot be."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxprs_in_params

from jgen.decoders.rnn import RNN
from jgen.decoders.transformer import Transformer
from jgen.distributions import truncation
from jgen.models.flax_functions import apply_of, init_of
from tests.helpers.sequence_networks import LATENT, LENGTH, NETWORKS, SIZES, networks


def multiplications(function, *inputs):
    """Multiplications in matrix products of a traced function, loops counted as often as they run."""
    return _counted(jax.make_jaxpr(function)(*inputs).jaxpr)


def _counted(jaxpr):
    total = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            inner = [equation.invars[0].aval.shape[axis] for axis in contracted]
            total += int(np.prod(inner)) * int(np.prod(equation.outvars[0].aval.shape))
        times = equation.params["length"] if equation.primitive.name == "scan" else 1
        total += times * sum(_counted(inner) for inner in jaxprs_in_params(equation.params))
    return total


@pytest.mark.parametrize("length", [4, 32])
@pytest.mark.parametrize("name", ["lstm under gru", "rotary"])
def test_a_draw_costs_as_many_multiplications_as_a_pass(name, length):
    """Exactly: each step costs one position. Reading the prefix again at each would be ``length`` passes."""
    network = NETWORKS[name].clone(length=length)
    z = jnp.zeros((3, 0))
    params = jax.eval_shape(init_of(network, z), jax.random.key(0))

    def draw(params, key):
        return apply_of(network)(params, z).sample(key)

    def judge(params, strings):
        return apply_of(network)(params, z).log_prob(strings)

    drawn = multiplications(draw, params, jax.random.key(0))
    assert drawn == multiplications(judge, params, jnp.zeros((3, length), int)) > 0


@networks
def test_shapes_latents_of_no_size_and_one_program_for_all_parameters(name):
    network = NETWORKS[name]
    for batch, latent in [((), 0), ((3,), LATENT), ((2, 3), LATENT)]:
        z = jax.ShapeDtypeStruct((*batch, latent), jnp.float32)

        def look(z, key, batch=batch):
            law = apply_of(network)(init_of(network, z)(key), z)
            assert (law.batch_shape, law.event_shape) == (batch, (LENGTH,))
            draws = law.sample(key, (7,))
            return draws, law.log_prob(draws), law.token_log_prob(draws), law.sample(key)

        draws, log_prob, terms, one = jax.eval_shape(look, z, jax.random.key(0))
        assert draws.shape == terms.shape == (7, *batch, LENGTH)
        assert (log_prob.shape, one.shape) == ((7, *batch), (*batch, LENGTH))
        assert jnp.issubdtype(draws.dtype, jnp.integer)


def test_new_parameters_latents_and_settings_compile_nothing():
    network, z = NETWORKS["gru"], jnp.ones((2, LATENT))

    @jax.jit
    def judge(law):
        return law.log_prob(jnp.zeros(LENGTH, int))

    shapes = jax.eval_shape(init_of(network, z), jax.random.key(0))
    for seed in range(3):
        params = jax.tree.map(lambda leaf: jnp.full(leaf.shape, seed, leaf.dtype), shapes)  # noqa: B023
        law = apply_of(RNN(**SIZES, cells=(nn.GRUCell(6),)))(params, z * seed)
        judge(law.warped(truncation(temperature=1.0 + seed, top_k=2 + seed)))
    assert judge._cache_size() == 1


def test_strings_of_another_length_are_named():
    law = jax.eval_shape(apply_of(NETWORKS["gru"]), *shapes_of(NETWORKS["gru"]))
    with pytest.raises(ValueError, match=r"strings of 4 tokens, got shape \(2, 5\)"):
        law.log_prob(jnp.zeros((2, 5), int))


def shapes_of(network):
    z = jax.ShapeDtypeStruct((2, LATENT), jnp.float32)
    return jax.eval_shape(init_of(network, z), jax.random.key(0)), z


BAD = [
    ("length=0", RNN(length=0, vocabulary=3)),
    ("vocabulary=0", RNN(length=2, vocabulary=0)),
    ("end=3", RNN(length=2, vocabulary=3, end=3)),
    ("num_heads 3", Transformer(length=2, vocabulary=3, width=8, num_heads=3)),
    ("even", Transformer(length=2, vocabulary=3, width=6, num_heads=2)),
]


@pytest.mark.parametrize(("message", "network"), BAD)
def test_sizes_that_cannot_be_are_named(message, network):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((2, 1)))
