"""What each decoder makes, against what it must: sizes, exact affine maps, grids that agree."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.decoders import MLP, Bernoulli, ConvNet, Delta, NormalShared, Occupancy, VoxelConvNet
from jgen.decoders.up_convolution import Residual, UpTower
from jgen.models.flax_functions import apply_of, init_of
from jgen.testing.network_checks import LAWS, hold_to_laws

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles
KEY = jax.random.key(0)


def some_params(module, latent_dim=2):
    """Parameters of a module's shapes, made without compiling its initialisers."""
    rng = np.random.default_rng(3)
    shapes = jax.eval_shape(module.init, KEY, jnp.zeros((1, latent_dim)))["params"]
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0.0, 0.5, leaf.shape), leaf.dtype), shapes)


def test_without_hidden_layers_it_is_probabilistic_pca():
    """The mean is z W + b, and the scale one number."""
    decoder = MLP((2, 3), NormalShared(start=0.5), hidden=())
    params = some_params(decoder)
    z = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    law = apply_of(decoder)(params, z)
    dense = params["Dense_0"]
    affine = z @ np.asarray(dense["kernel"]) + np.asarray(dense["bias"])[None]
    np.testing.assert_allclose(law.mean, affine.reshape(4, 2, 3), rtol=1e-5, atol=1e-6)
    assert np.unique(law.base_dist.scale).size == 1
    assert set(params) == {"Dense_0", "head"}


@pytest.mark.parametrize("size", [8, 16, 28, 32])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_the_usual_sizes(size, channels):
    decoder = ConvNet((size, size, channels))
    law, _ = jax.eval_shape(lambda key: decoder.init_with_output(key, jnp.zeros((2, 5))), KEY)
    assert (law.batch_shape, law.event_shape) == ((2,), (size, size, channels))


@pytest.mark.parametrize("shape", [(7, 5, 2), (3, 1, 5, 1)])
def test_the_tower_makes_any_size_and_every_element_hears_the_latent(shape):
    """After doubling what is too much is cut off: no element is left to the padding alone."""
    tower = UpTower(shape, 2, (4, 3, 3), 1, jax.nn.gelu)
    params = some_params(tower)
    z = jnp.ones((1, 2))
    slope = jax.jit(jax.jacobian(lambda z: tower.apply({"params": params}, z)[0]))(z)
    assert slope.shape == (*shape, 2, 1, 2)
    assert (np.abs(np.asarray(slope)).max((-1, -2)) > 0).all()


def test_a_residual_block_without_weights_is_the_identity():
    block, x = Residual(jax.nn.gelu), jnp.asarray(np.random.default_rng(0).normal(size=(2, 3, 3, 4)))
    shapes = jax.eval_shape(block.init, KEY, x)
    nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    np.testing.assert_array_equal(block.apply(nothing, x), x)


def test_a_finer_grid_agrees_with_a_coarser_one_where_they_meet():
    """Cut in three, a cell keeps its centre in that of its middle part; and places asked for alone agree."""
    decoder = Occupancy((2, 3, 1), hidden=(8, 8), num_frequencies=2)
    params = some_params(decoder)
    z = jnp.asarray(np.random.default_rng(1).normal(size=(3, 2)), jnp.float32)
    made = jax.jit(lambda apply, *inputs: apply(*inputs))
    coarse = made(apply_of(decoder), params, z).base_dist.logits
    fine = made(apply_of(decoder.clone(shape=(6, 9, 1))), params, z).base_dist.logits
    np.testing.assert_allclose(fine[:, 1::3, 1::3], coarse, rtol=1e-4, atol=1e-4)

    centres = jnp.array([[y, x] for y in (-0.5, 0.5) for x in (-2 / 3, 0.0, 2 / 3)])
    asked = made(apply_of(decoder), params, z, centres)
    assert (asked.batch_shape, asked.event_shape) == ((3,), (6, 1))
    np.testing.assert_allclose(asked.base_dist.logits.reshape(3, 2, 3, 1), coarse, rtol=1e-4, atol=1e-4)


def test_place_is_read_at_every_frequency():
    """Without sines a grid is a smooth ramp: the second frequency tells places half a wave apart."""
    decoder = Occupancy((4, 1), hidden=(), num_frequencies=2)
    params = some_params(decoder)
    logits = np.asarray(apply_of(decoder)(params, jnp.zeros((1, 2))).base_dist.logits)[0, :, 0]
    p = np.array([-0.75, -0.25, 0.25, 0.75])
    waves = np.stack(
        [p, np.sin(np.pi * p), np.sin(2 * np.pi * p), np.cos(np.pi * p), np.cos(2 * np.pi * p)], -1
    )
    dense = params["Dense_0"]
    np.testing.assert_allclose(logits, (waves @ dense["kernel"])[:, 0] + dense["bias"], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "decoder",
    [MLP((8, 8, 1)), ConvNet((8, 8, 1)), VoxelConvNet((8, 8, 8, 1)), Occupancy((8, 8, 8, 1))],
    ids=lambda decoder: type(decoder).__name__,
)
def test_a_fresh_decoder_of_the_usual_size_is_undecided_and_listens(decoder):
    """At z ~ N(0, I) no pixel is certain, all lie between 1 and 99 %, and none is the same for all z."""
    params = init_of(decoder, jnp.zeros((1, 16)))(KEY)
    z = jax.random.normal(jax.random.key(1), (64, 16))
    probs = np.asarray(jax.jit(apply_of(decoder))(params, z).mean)
    assert probs.min() > 0.01
    assert probs.max() < 0.99
    assert probs.std(0).min() > 1e-3


@pytest.mark.weekly
def test_a_deep_wide_tower_keeps_the_laws():
    decoder = ConvNet((8, 8, 3), Bernoulli(), features=(16, 8, 8), num_blocks=2)
    hold_to_laws(decoder, jax.random.normal(KEY, (3, 4)), KEY, LAWS)


@pytest.mark.parametrize(
    ("decoder", "z", "complaint"),
    [
        (MLP((3,)), jnp.zeros(2), r"MLP takes latents z \[batch, latent\], got an array of shape \(2,\)"),
        (MLP((0,)), jnp.zeros((1, 2)), r"at least 1 on every axis, got shape=\(0,\)"),
        (
            ConvNet((8, 8)),
            jnp.zeros((1, 2)),
            r"ConvNet makes x of 2 axes and channels, .* got shape=\(8, 8\)",
        ),
        (VoxelConvNet((8, 8, 1)), jnp.zeros((1, 2)), "VoxelConvNet makes x of 3 axes"),
        (Occupancy((4, 4, 1)), jnp.zeros((2, 1, 2)), "Occupancy takes latents"),
    ],
)
def test_what_cannot_be_meant_is_refused(decoder, z, complaint):
    with pytest.raises(ValueError, match=complaint):
        decoder.init(KEY, z)


def test_points_of_other_axes_are_refused():
    decoder = Occupancy((4, 4, 1), Delta(), hidden=(3,))
    with pytest.raises(ValueError, match=r"points \[point, 2\], got an array of shape \(5, 3\)"):
        decoder.apply({"params": some_params(decoder)}, jnp.zeros((1, 2)), jnp.zeros((5, 3)))
