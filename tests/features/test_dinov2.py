"""DINOv2 against the same network in torch, and its weights from a safetensors file."""

import importlib
from tempfile import TemporaryDirectory

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from jgen.errors import UsageError
from jgen.features import DINOv2, dinov2, load_dinov2
from jgen.features.dinov2 import SIZES, interpolate_embedding, shapes_of
from tests.helpers.dinov2_weights import random_state
from tests.helpers.marking import first_of_each

OPTIONS = {"dim": 12, "depth": 2, "num_heads": 3, "grid": 5}
GATES = {"dim": 12, "depth": 1, "num_heads": 2, "swiglu": True, "patch": 4, "grid": 3}
NARROW, GATED = DINOv2(**OPTIONS), DINOv2(**GATES)
SOURCE = importlib.import_module("jgen.features.dinov2")  # the package hands on a function of this name
WHY = "torch, of the extra bench, is the reference"
PUBLISHED = {"s": 22_056_576, "b": 86_580_480, "l": 304_368_640, "g": 1_136_480_768}
"""Numbers of parameters of the published models, each with a mask token that only training uses."""


TOLERANCE = {"float32": 1e-4, "float64": 1e-10}
"""Relative to the largest feature: rounding, which the layers let grow by some thousands."""


def check_parity(source=SOURCE, options=OPTIONS, shape=(42, 98), dtype=np.float64):
    """Check the network of a module against torch, with random weights from a file."""
    pytest.importorskip("torch", reason=WHY)
    from tests.helpers.torch_dinov2 import class_token

    rng, module = np.random.default_rng(0), source.DINOv2(**options)
    state, x = random_state(module, rng), rng.uniform(size=(2, *shape, 3))
    truth = class_token(state, x, module.num_heads, module.patch, module.grid)
    assert truth.std(0).max() > 0.1  # it depends on the image
    with TemporaryDirectory() as folder, jax.enable_x64(True):
        save_file(state, f"{folder}/dinov2.safetensors")
        params = source.load_dinov2(module, f"{folder}/dinov2.safetensors")
        params = jax.tree.map(lambda leaf: leaf.astype(dtype), params)
        found = jax.jit(module.apply)({"params": params}, x.astype(dtype))
    assert found.dtype == dtype
    atol = TOLERANCE[np.dtype(dtype).name] * np.abs(truth).max()
    np.testing.assert_allclose(found, truth, rtol=0, atol=atol)


def check_gates(source):
    check_parity(source, GATES, (12, 12))


def test_tokens_equal_those_of_torch():
    check_parity()


def test_tokens_of_a_gated_network_equal_those_of_torch():
    """Its images have the size of training: the embedding is not interpolated."""
    check_gates(SOURCE)


@pytest.mark.slow
@pytest.mark.parametrize("side", [224, 518])
def test_tokens_of_a_published_size_equal_those_of_torch(side):
    check_parity(SOURCE, SIZES["s"], (side, side), np.float32)


@pytest.mark.parametrize("size", first_of_each(PUBLISHED, rest="slow"))
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


def test_weights_of_another_network_are_refused(tmp_path, rng):
    state, path = random_state(NARROW, rng), tmp_path / "dinov2.safetensors"
    registers = {"register_tokens": np.zeros((1, 4, 12), np.float32)}
    save_file(state | registers, path)
    with pytest.raises(
        UsageError, match=r"does not hold this DINOv2: register_tokens \(1, 4, 12\), not known; 1 do"
    ):
        load_dinov2(NARROW, path)
    save_file(random_state(GATED, rng), path)
    with pytest.raises(UsageError, match=r"blocks.0.mlp.fc1.bias is absent, not \(48,\); .*; 24 do not fit"):
        load_dinov2(NARROW, path)
    with pytest.raises(
        UsageError, match=r"cannot read .*dl.fbaipublicfiles.com/dinov2.*docstring of load_dinov2"
    ):
        load_dinov2(NARROW, tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    "shape", [(2, 28, 28, 1), (28, 28, 3), (2, 30, 28, 3), (2, 28, 32, 3), (2, 0, 28, 3)]
)
def test_images_of_another_form_are_refused(shape):
    with pytest.raises(ValueError, match="with sides that are multiples of 14"):
        jax.eval_shape(NARROW.init, jax.random.key(0), jnp.zeros(shape))


def test_an_unknown_size_is_refused():
    with pytest.raises(UsageError, match="no DINOv2 of size 'h': take one of s, b, l, g"):
        dinov2("h")
