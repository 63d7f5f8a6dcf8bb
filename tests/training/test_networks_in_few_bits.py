"""Whole networks in few bits: what they multiply is bfloat16, what judges them float32; and they learn."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgen import decoders, encoders, models
from jgen.objectives import elbo
from jgen.training import init_state, make_train_step, mixed_precision

KEY, LATENT = jax.random.key(0), 2
OPTIMIZER = optax.sgd(0.01)
VECTOR, IMAGE = decoders.MLP((4,), hidden=(3,)), decoders.ConvNet((4, 4, 1), features=(2,))
READER = encoders.SequenceEncoder(LATENT, 3, width=2, cell=nn.GRUCell(2))
STRING = jax.ShapeDtypeStruct((4,), jnp.int32)
PARTS = {
    "mlp": (VECTOR, encoders.MLPEncoder(LATENT, hidden=(3,)), (4,)),
    "conv_net": (IMAGE, encoders.ConvEncoder(LATENT, features=(2,)), (4, 4, 1)),
    "flow": (
        VECTOR,
        encoders.MLPEncoder(LATENT, hidden=(3,), posterior=encoders.Flow(num_layers=2, hidden=3)),
        (4,),
    ),
    "rnn": (decoders.RNN(length=4, vocabulary=3, width=2, cells=(nn.GRUCell(2),)), READER, STRING),
    "transformer": (
        decoders.Transformer(length=4, vocabulary=3, width=4, num_layers=1, num_heads=2),
        READER,
        STRING,
    ),
}


def setting(name):
    """The model with both networks in few bits, and data for it."""
    decoder, encoder, shape = PARTS[name]
    model = models.vae(decoder, encoder, LATENT, shape)
    size = (5, *getattr(shape, "shape", shape))
    x = np.random.default_rng(0).integers(0, 2, size).astype(getattr(shape, "dtype", np.float32))
    return model._replace(decoder=mixed_precision(model.decoder), encoder=mixed_precision(model.encoder)), x


def multiplied(jaxpr):
    """The types of what is multiplied with matrices, in all that a program calls."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("dot_general", "conv_general_dilated"):
            yield from (operand.aval.dtype for operand in equation.invars)
        values = list(equation.params.values())
        for inner in jax.tree.leaves(values, is_leaf=lambda value: hasattr(value, "eqns")):
            if hasattr(inner, "eqns"):
                yield from multiplied(getattr(inner, "jaxpr", inner))


def types_multiplied(function, *arguments):
    return set(multiplied(jax.make_jaxpr(jax.value_and_grad(function))(*arguments).jaxpr))


@pytest.mark.parametrize("name", PARTS)
def test_networks_multiply_in_few_bits_and_what_judges_them_does_not(name):
    model, x = setting(name)
    params = jax.eval_shape(model.init, KEY)
    z = jax.ShapeDtypeStruct((5, LATENT), jnp.float32)

    def told(params, x):
        leaves = jax.tree.leaves(model.encoder(params, x))
        return sum(leaf.sum() for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.floating))

    def likelihood(params, z):
        return model.decoder(params, z).log_prob(x).sum()

    assert types_multiplied(told, params, x) == {jnp.dtype(jnp.bfloat16)}
    assert types_multiplied(likelihood, params, z) == {jnp.dtype(jnp.bfloat16)}
    assert jax.eval_shape(likelihood, params, z).dtype == jnp.float32
    posterior = jax.tree.leaves(jax.eval_shape(model.encoder, params, x))
    kept = {leaf.dtype for leaf in posterior if jnp.issubdtype(leaf.dtype, jnp.floating)}
    assert kept == {jnp.dtype(jnp.float32)}


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("name", PARTS)
def test_they_learn(name):
    model, x = setting(name)
    step = jax.jit(make_train_step(elbo(model), OPTIMIZER))
    rng, shapes = np.random.default_rng(1), jax.eval_shape(model.init, KEY)
    params = jax.tree.map(lambda leaf: jnp.asarray(0.3 * rng.normal(size=leaf.shape), leaf.dtype), shapes)
    state = init_state(KEY, params, OPTIMIZER)
    start = state.params
    for _ in range(3):
        state, aux = step(state, x)
        assert aux["loss"].dtype == jnp.float32
        assert np.isfinite(aux["loss"])
    for part in ("decoder", "encoder"):
        before, after = (jax.tree.leaves(params[part]) for params in (start, state.params))
        assert all(leaf.dtype == jnp.float32 and np.isfinite(leaf).all() for leaf in after)
        assert any((old != new).any() for old, new in zip(before, after, strict=True))
