"""Check every encoder, found by its recipe."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jgen.encoders
from jgen.encoders import ConvEncoder, DiagonalNormal, Flow, MLPEncoder, Point
from jgen.testing import members
from jgen.testing.check_decoder import check_encoder
from tests.helpers.marking import first_of_each

KEY = jax.random.key(0)
MEMBERS = members(jgen.encoders, "recipe")
ENCODERS = {
    f"{name}-{number}": encoder
    for name in sorted(MEMBERS, key=lambda name: name != "mlp_encoder")  # the cheapest first
    for number, encoder in enumerate(MEMBERS[name].recipe())
}


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
    q, _ = jax.eval_shape(lambda key: encoder.init_with_output(key, jnp.zeros((2, *shape))), KEY)
    assert (q.batch_shape, q.event_shape) == ((2,), (5,))


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (MLPEncoder, (3, 2, 3)),
        (ConvEncoder, (3, 4, 4, 1)),
        pytest.param(ConvEncoder, (3, 2, 2, 2, 1), marks=pytest.mark.weekly),
    ],
)
def test_data_are_shifted_and_scaled_first(make, shape):
    """Bytes with shift and scale have the codes of standardised data without."""
    levels = np.random.default_rng(0).integers(0, 256, shape)
    sizes = {"posterior": Point(), **({"hidden": (4,)} if make is MLPEncoder else {"features": (2,)})}
    shifted, plain = make(2, **sizes, shift=127.5, scale=64.0), make(2, **sizes)
    standardised = jnp.asarray((levels - 127.5) / 64.0, jnp.float32)
    shapes = jax.eval_shape(plain.init, KEY, standardised)
    params = jax.tree.map(lambda leaf: np.full(leaf.shape, 0.5, leaf.dtype), shapes)
    found = jax.jit(shifted.apply)(params, jnp.asarray(levels)).v
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, jax.jit(plain.apply)(params, standardised).v, rtol=1e-5)
    assert np.ptp(found) > 0


def test_encoders_built_twice_are_equal():
    """Equal encoders are one key of the cache of compiled programs."""
    for module in MEMBERS.values():
        for (first, _), (second, _) in zip(module.recipe(), module.recipe(), strict=True):
            assert first == second
            assert hash(first) == hash(second)
