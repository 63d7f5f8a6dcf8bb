"""Check every encoder, found by its recipe, and the refusal of data that do not fit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jgen.encoders
from jgen.encoders import ConvCritic, ConvEncoder, DiagonalNormal, Flow, MLPCritic, MLPEncoder, Point
from jgen.testing.check_decoder import check_encoder
from tests.helpers.examples import examples_of
from tests.helpers.marking import first_of_each

KEY = jax.random.key(0)
ENCODERS = examples_of(jgen.encoders, first="mlp_encoder")  # the cheapest


@pytest.mark.usefixtures("unoptimised")  # each program compiles for longer than it runs
@pytest.mark.parametrize("name", first_of_each(ENCODERS))
def test_an_encoder_passes_every_check(name):
    check_encoder(*ENCODERS[name])


@pytest.mark.parametrize(
    ("shape", "posterior"),
    [((9, 2), DiagonalNormal()), ((28, 28, 1), Flow(num_layers=2, hidden=5)), ((8, 8, 8, 1), Point())],
)
def test_convolutions_take_any_rank_and_posterior(shape, posterior):
    """Shapes only, traced."""
    encoder = ConvEncoder(5, posterior=posterior)
    q, _ = jax.eval_shape(encoder.init_with_output, KEY, jnp.zeros((2, *shape)))
    assert (q.batch_shape, q.event_shape) == ((2,), (5,))


@pytest.mark.parametrize(("make", "shape"), [(MLPEncoder, (3, 2, 3)), (ConvEncoder, (3, 4, 4, 1))])
def test_data_are_shifted_and_scaled_first(make, shape):
    """Bytes with shift and scale have the codes of standardised data without."""
    levels = np.random.default_rng(0).integers(0, 256, shape)
    plain = make(2, (4,), Point())
    standardised = jnp.asarray((levels - 127.5) / 64.0, jnp.float32)
    shapes = jax.eval_shape(plain.init, KEY, standardised)
    params = jax.tree.map(lambda leaf: np.full(leaf.shape, 0.5, leaf.dtype), shapes)
    found = jax.jit(plain.clone(shift=127.5, scale=64.0).apply)(params, jnp.asarray(levels)).v
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, jax.jit(plain.apply)(params, standardised).v, rtol=1e-5)
    assert np.ptp(found) > 0


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
        jax.eval_shape(network.init, KEY, x)
