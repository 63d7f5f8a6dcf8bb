"""Every encoder and every posterior, found by its recipe, under the laws; and what they must say."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import jgen.encoders
import jgen.encoders.posteriors
from jgen.encoders import ConvEncoder, DiagonalNormal, MLPEncoder, Point, VoxelEncoder
from jgen.testing import members
from jgen.testing.network_checks import LAWS, hold_to_laws
from jgen.testing.sampler_checks import CheckFailed
from tests.helpers.marking import first_in_ci

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles
KEY = jax.random.key(0)
ENCODERS = {
    f"{name}-{number}": encoder
    for name, module in members(jgen.encoders, "recipe").items()
    for number, encoder in enumerate(module.recipe())
}
POSTERIORS = {
    f"{name}-{number}": posterior
    for name, module in members(jgen.encoders.posteriors, "recipe").items()
    for number, posterior in enumerate(module.recipe())
}
DEAR = ("purity", "keys")
CHEAP_LAWS = {name: law for name, law in LAWS.items() if name not in DEAR}
DEAR_LAWS = {name: LAWS[name] for name in DEAR}
FEATURES = jax.random.normal(jax.random.key(1), (3, 4))


@pytest.mark.parametrize(
    "name", [name if name.endswith("-0") else pytest.param(name, marks=pytest.mark.slow) for name in ENCODERS]
)
def test_an_encoder_keeps_the_cheap_laws(name):
    encoder, x = ENCODERS[name]
    hold_to_laws(encoder, x, KEY, CHEAP_LAWS)


@pytest.mark.parametrize("name", first_in_ci(ENCODERS))
def test_an_encoder_keeps_the_dear_laws(name):
    encoder, x = ENCODERS[name]
    hold_to_laws(encoder, x, KEY, DEAR_LAWS)


@pytest.mark.parametrize("name", POSTERIORS)
def test_an_encoder_with_any_posterior_keeps_the_cheap_laws(name):
    hold_to_laws(MLPEncoder(2, (), POSTERIORS[name]), FEATURES, KEY, CHEAP_LAWS)


@pytest.mark.slow
@pytest.mark.parametrize("name", POSTERIORS)
def test_an_encoder_with_any_posterior_keeps_the_dear_laws(name):
    hold_to_laws(MLPEncoder(2, (4,), POSTERIORS[name]), FEATURES, KEY, DEAR_LAWS)


@pytest.mark.parametrize("name", POSTERIORS)
@pytest.mark.parametrize(
    ("make", "shape"), [(ConvEncoder, (28, 28, 1)), (VoxelEncoder, (8, 8, 8, 1))], ids=["conv", "voxel"]
)
def test_an_encoder_takes_any_posterior(make, shape, name):
    """Shapes alone, traced, at the usual sizes."""
    encoder = make(5, posterior=POSTERIORS[name])
    q, _ = jax.eval_shape(lambda key: encoder.init_with_output(key, jnp.zeros((2, *shape))), KEY)
    assert (q.batch_shape, q.event_shape) == ((2,), (5,))


@pytest.mark.parametrize(
    ("encoder", "shape", "num_features"),
    [(ConvEncoder(5), (28, 28, 1), 7 * 7 * 64), (VoxelEncoder(5), (9, 8, 8, 1), 3 * 2 * 2 * 32)],
)
def test_each_resolution_is_half_the_last_rounded_up(encoder, shape, num_features):
    params = jax.eval_shape(encoder.init, KEY, jnp.zeros((1, *shape)))["params"]
    assert params["posterior"]["Dense_0"]["kernel"].shape == (num_features, 10)


class Unbounded(nn.Module):
    """Of tokens, which are no further off than they are: what it looks up for them is."""

    @nn.compact
    def __call__(self, x):
        mean, log_scale = jnp.split(nn.Dense(4)(nn.Embed(5, 4)(x).mean(1)), 2, axis=-1)
        return dist.Normal(mean, jnp.exp(log_scale)).to_event(1)


def test_extremes_of_whole_numbers_are_extreme_embeddings():
    with pytest.raises(CheckFailed, match="extremes: at inputs 100 times as large"):
        hold_to_laws(Unbounded(), jnp.array([[0, 1], [2, 3], [4, 0]]), KEY, {"extremes": LAWS["extremes"]})


def given(module, x, latent_dim=None):
    """What a posterior, or an encoder, says at parameters 1 about 0."""
    inputs = (x,) if latent_dim is None else (x, latent_dim)
    shapes = jax.eval_shape(lambda key: module.init(key, *inputs), KEY)
    params = jax.tree.map(lambda leaf: np.full(leaf.shape, 0.5, leaf.dtype), shapes)
    return module.apply(params, *inputs)


def test_the_log_scale_is_itself_near_zero_and_bounded_far_off():
    """Features f have log-scale b tanh(r / b), r = f/2 + 1/2, at parameters of 1/2."""
    q = given(DiagonalNormal(bound=3.0), jnp.array([[0.0], [-1.0], [1e6], [-1e6]]), 1)
    np.testing.assert_allclose(q.mean[:, 0], [0.5, 0.0, 5e5, -5e5], rtol=1e-6, atol=0.6)
    np.testing.assert_allclose(
        jnp.log(q.base_dist.scale[:, 0]), [3 * np.tanh(0.5 / 3), 0.0, 3.0, -3.0], rtol=1e-5, atol=1e-6
    )


def test_a_point_is_a_delta_at_an_affine_map():
    q = given(Point(), jnp.array([[1.0, 2.0], [0.0, 0.0]]), 3)
    assert isinstance(q, dist.Delta)
    np.testing.assert_allclose(q.mean, [[2.0] * 3, [0.5] * 3])


@pytest.mark.parametrize(
    ("make", "shape"),
    [(MLPEncoder, (3, 2, 3)), (ConvEncoder, (3, 4, 4, 1)), (VoxelEncoder, (3, 2, 2, 2, 1))],
    ids=["mlp", "conv", "voxel"],
)
def test_data_are_centred_and_spread_before_they_are_read(make, shape):
    """Bytes read with their centre and spread are standardised data read without."""
    levels = np.random.default_rng(0).integers(0, 256, shape)
    sizes = {"posterior": Point(), **({"hidden": (4,)} if make is MLPEncoder else {"features": (2,)})}
    told = given(make(2, **sizes, shift=127.5, scale=64.0), jnp.asarray(levels))
    plain = given(make(2, **sizes), jnp.asarray((levels - 127.5) / 64.0, jnp.float32))
    assert told.v.dtype == jnp.float32
    np.testing.assert_allclose(told.v, plain.v, rtol=1e-5)
    assert np.ptp(told.v) > 0


@pytest.mark.parametrize(
    ("encoder", "x", "complaint"),
    [
        (MLPEncoder(2), jnp.zeros(3), r"MLPEncoder takes data \[batch, ...\], got an array of shape \(3,\)"),
        (ConvEncoder(2), jnp.zeros((3, 8, 8)), r"ConvEncoder takes data \[batch, 2 axes of space, channel\]"),
        (VoxelEncoder(2), jnp.zeros((3, 8, 8, 1)), "VoxelEncoder takes data .*3 axes of space"),
    ],
)
def test_what_cannot_be_meant_is_refused(encoder, x, complaint):
    with pytest.raises(ValueError, match=complaint):
        encoder.init(KEY, x)


def test_encoders_built_twice_are_equal():
    for module in members(jgen.encoders, "recipe").values():
        for (first, _), (second, _) in zip(module.recipe(), module.recipe(), strict=True):
            assert first == second
            assert hash(first) == hash(second)
            assert isinstance(first, nn.Module)
