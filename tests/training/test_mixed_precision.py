"""Check low precision inside functions, and float32 outside."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest

from jgen import decoders, encoders, models
from jgen.objectives.scheduled_objective import Scheduled
from jgen.training import mixed_precision
from tests.helpers.distance_runs import DATA, DISTANCE, KEY, RAMP, SGD, START, distance, fit_distance
from tests.helpers.marking import first_of_each
from tests.helpers.trees import equations

UNIT = 2.0**-9
"""Largest relative error of rounding to the eight bits of bfloat16."""


def check_types(params, batch, key):
    assert params["w"].dtype == batch["x"].dtype == jnp.bfloat16
    assert batch["label"].dtype == jnp.int32
    error = batch["x"] @ params["w"] - batch["label"].astype(params["w"].dtype)
    return (error**2).mean() + 0 * jax.random.normal(key, (), error.dtype), {"error": error}


def test_inputs_are_cast_down_and_outputs_are_float32():
    batch = {"x": DATA, "label": jnp.arange(12)}
    params = {"w": START, "unused": jnp.int32(3)}
    gradient = jax.value_and_grad(mixed_precision(check_types), has_aux=True, allow_int=True)
    (loss, aux), grad = jax.jit(gradient)(params, batch, KEY)
    assert loss.dtype == aux["error"].dtype == grad["w"].dtype == jnp.float32
    exact = jax.grad(lambda w: ((DATA @ w - jnp.arange(12.0)) ** 2).mean())(START)
    # each of the summed numbers has eight bits
    size = 2 * jnp.abs(DATA).T @ jnp.abs(DATA @ START - jnp.arange(12.0)) / 12
    assert (jnp.abs(grad["w"] - exact) <= 2**-5 * size + 2**-5 * jnp.abs(exact)).all()
    assert (grad["w"] != exact).any()
    wide = mixed_precision(DISTANCE, jnp.float32)(START, DATA, KEY)
    np.testing.assert_array_equal(wide[0], distance(jnp.float32(1), START, DATA, KEY)[0])


def network(params, z):
    assert params.dtype == z.dtype == jnp.bfloat16
    return dist.Normal(z @ params, 0.1).to_event(1)


def test_densities_of_a_wrapped_network_are_float32():
    weights = jax.random.normal(jax.random.key(4), (3, 2))
    likelihood = jax.jit(mixed_precision(network))(weights, DATA)
    exact = dist.Normal(DATA @ weights, 0.1).to_event(1)
    assert likelihood.batch_shape == (12,)
    assert likelihood.mean.dtype == jnp.float32
    size = jnp.abs(DATA) @ jnp.abs(weights)
    assert (jnp.abs(likelihood.mean - exact.mean) <= 2.0**-6 * size).all()
    x = exact.mean + 0.001  # equal to the mean in bfloat16
    log_prob = likelihood.log_prob(x)
    assert log_prob.dtype == jnp.float32
    error = jnp.abs(log_prob - dist.Normal(likelihood.mean, 0.1).to_event(1).log_prob(x))
    assert (error <= 2.0**-20 * jnp.abs(log_prob)).all()


def test_small_updates_accumulate_in_float32_parameters():
    """Updates below the resolution of bfloat16 add up in the float32 parameters."""
    tiny, steps = optax.sgd(2.0**-14), 64
    run = fit_distance(tiny, steps, objective=mixed_precision(DISTANCE))
    assert run.state.params.dtype == run.metrics["loss"].dtype == jnp.float32
    exact = fit_distance(tiny, steps).state.params
    moved = jnp.abs(exact - START)
    assert (moved < 2.0**-8 * jnp.abs(START)).any()  # even their sum is below the resolution of bfloat16
    # each of the numbers that are subtracted is rounded, the difference, and each of 12 partial sums
    size = (jnp.abs(START)[None] + jnp.abs(DATA) + 16 * jnp.abs(START[None] - DATA)).mean(0)
    bound = steps * (2.0**-14 * UNIT * size + 2.0**-23 * jnp.abs(START))
    assert (bound < moved).all()
    assert (jnp.abs(run.state.params - exact) < bound).all()


def test_a_scheduled_objective_keeps_its_schedule():
    half = mixed_precision(RAMP)
    assert isinstance(half, Scheduled)
    error = jnp.abs(START[None] - DATA)
    # two numbers are rounded, and their difference; its square, and each of the 3 + 12 partial sums
    size = error * (jnp.abs(START)[None] + jnp.abs(DATA)) + 10 * error**2
    bound = 1.1 * UNIT * size.sum(-1).mean()  # a tenth covers the second order
    losses = [half.at(step)(START, DATA, KEY)[0] for step in range(6)]
    exact = [RAMP.at(step)(START, DATA, KEY)[0] for step in range(6)]
    assert bound < exact[2] - exact[1]  # so that the weights of steps are distinguished
    np.testing.assert_array_less(np.abs(np.subtract(losses, exact)), bound)
    assert (np.array(losses) != np.array(exact)).any()
    # the first step, of weight 0, leaves the parameters
    losses = fit_distance(SGD, 2, objective=half).metrics["loss"]
    np.testing.assert_array_less(np.abs(np.subtract(losses, exact[:2])), bound)
    for dtype in (jnp.int32, jnp.float16):
        with pytest.raises(ValueError, match="bfloat16 or wider"):
            mixed_precision(RAMP, dtype)


LATENT = 2
VECTOR, IMAGE = decoders.MLP((4,), hidden=(3,)), decoders.ConvNet((4, 4, 1), features=(2,))
FLOW = encoders.Flow(num_layers=2, hidden=3)
TRANSFORMER = decoders.Transformer(length=4, vocabulary=3, width=4, num_layers=1, num_heads=2)
READER = encoders.SequenceEncoder(LATENT, 3, width=2, cell=nn.GRUCell(2))
STRING = jax.ShapeDtypeStruct((4,), jnp.int32)
PARTS = {
    "mlp": (VECTOR, encoders.MLPEncoder(LATENT, hidden=(3,)), (4,)),
    "conv_net": (IMAGE, encoders.ConvEncoder(LATENT, features=(2,)), (4, 4, 1)),
    "flow": (VECTOR, encoders.MLPEncoder(LATENT, hidden=(3,), posterior=FLOW), (4,)),
    "rnn": (decoders.RNN(length=4, vocabulary=3, width=2, cells=(nn.GRUCell(2),)), READER, STRING),
    "transformer": (TRANSFORMER, READER, STRING),
}


MULTIPLICATIONS = ("dot_general", "conv_general_dilated")


def types_multiplied(function, *arguments):
    """Return the types of all operands of matrix products and convolutions."""
    traced = jax.make_jaxpr(jax.value_and_grad(function))(*arguments).jaxpr
    products = [one for one in equations(traced) if one.primitive.name in MULTIPLICATIONS]
    return {operand.aval.dtype for product in products for operand in product.invars}


@pytest.mark.parametrize("name", first_of_each(PARTS, family=lambda name: name == "rnn"))
def test_networks_multiply_in_bfloat16_and_likelihoods_are_float32(name):
    decoder, encoder, shape = PARTS[name]
    model = models.vae(decoder, encoder, LATENT, shape)
    model = model._replace(decoder=mixed_precision(model.decoder), encoder=mixed_precision(model.encoder))
    x = np.ones((5, *getattr(shape, "shape", shape)), getattr(shape, "dtype", np.float32))
    params = jax.eval_shape(model.init, KEY)
    z = jax.ShapeDtypeStruct((5, LATENT), jnp.float32)

    def posterior(params, x):
        leaves = jax.tree.leaves(model.encoder(params, x))
        return [leaf for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.floating)]

    def posterior_sum(params, x):
        return sum(leaf.sum() for leaf in posterior(params, x))

    def likelihood(params, z):
        return model.decoder(params, z).log_prob(x).sum()

    assert types_multiplied(posterior_sum, params, x) == {jnp.dtype(jnp.bfloat16)}
    assert types_multiplied(likelihood, params, z) == {jnp.dtype(jnp.bfloat16)}
    assert jax.eval_shape(likelihood, params, z).dtype == jnp.float32
    assert {leaf.dtype for leaf in jax.eval_shape(posterior, params, x)} == {jnp.dtype(jnp.float32)}
