"""DINOv2 against the same network in torch, and its weights from a safetensors file."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from jgen.errors import UsageError
from jgen.features import DINOv2, dinov2, load_dinov2
from jgen.features.dinov2 import interpolate_embedding, shapes_of

NARROW = DINOv2(dim=12, depth=2, num_heads=3, grid=5)
GATED = DINOv2(dim=12, depth=1, num_heads=2, swiglu=True, patch=4, grid=3)
WHY = "torch, of the extra bench, is the reference"
PUBLISHED = {"s": 22_056_576, "b": 86_580_480, "l": 304_368_640, "g": 1_136_480_768}
"""Numbers of parameters of the published models, each with a mask token that only training uses."""


def check_parity(tmp_path, rng, module, shape, apply=DINOv2.apply, load=load_dinov2):
    pytest.importorskip("torch", reason=WHY)
    from tests.helpers.torch_dinov2 import class_token, random_state

    state = random_state(module, rng)
    save_file(state, tmp_path / "dinov2.safetensors")
    params = load(module, tmp_path / "dinov2.safetensors")
    x = rng.uniform(size=(2, *shape, 3)).astype(np.float32)
    truth = class_token(state, x, module.num_heads, module.patch, module.grid)
    found = jax.jit(lambda params, x: apply(module, {"params": params}, x))(params, x)
    assert truth.std(0).max() > 0.1  # it depends on the image
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-4 * np.abs(truth).max())


@pytest.mark.parametrize(
    ("module", "shape"), [(NARROW, (42, 98)), (GATED, (12, 12))], ids=["interpolated", "gated"]
)
def test_tokens_equal_those_of_torch(tmp_path, rng, module, shape):
    check_parity(tmp_path, rng, module, shape)


@pytest.mark.slow
@pytest.mark.parametrize("side", [224, 518])
def test_tokens_of_a_published_size_equal_those_of_torch(tmp_path, rng, side):
    check_parity(tmp_path, rng, dinov2("s"), (side, side))


@pytest.mark.parametrize("size", PUBLISHED)
def test_networks_have_the_published_numbers_of_weights(size):
    module = dinov2(size)
    count = sum(leaf.size for leaf in jax.tree.leaves(shapes_of(module)))
    assert count + module.dim == PUBLISHED[size]


def test_the_embedding_of_the_trained_size_is_not_interpolated(rng):
    places = jnp.asarray(rng.normal(size=(1, 26, 3)), jnp.float32)
    assert interpolate_embedding(places, 5, (5, 5)) is places
    other = interpolate_embedding(places, 5, (5, 6))
    np.testing.assert_array_equal(other[:, 0], places[:, 0])
    constant = interpolate_embedding(jnp.ones((1, 26, 3)), 5, (2, 9))
    np.testing.assert_allclose(constant, 1, rtol=1e-6)
