"""Inception-v3 against the same network in torch, and its weights from a safetensors file."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from jgen.errors import UsageError
from jgen.features import (
    InceptionV3,
    inception_features,
    inception_probabilities,
    load_inception_v3,
    legacy_resize,
)
from tests.helpers.numpy_resize import loop_resize

NARROW = InceptionV3(num_labels=7, reduction=16, side=107)
"""One 256th of the products, and maps of 11, 5 and 2 pixels, so that borders matter."""
WHY = "torch, of the extra bench, is the reference"


def published(module, rng):
    """Return random arrays under the published names, and the network in torch, in float64."""
    pytest.importorskip("torch", reason=WHY)
    from tests.helpers.torch_inception import TorchInception, randomise

    network = randomise(TorchInception(module.num_labels, module.reduction), rng)
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}, network.double()


def loaded(tmp_path, arrays, module=NARROW):
    save_file(arrays, tmp_path / "inception.safetensors")
    return load_inception_v3(module, tmp_path / "inception.safetensors")


def truth_of(network, images, side):
    """Compute features, logits, and logits without bias, of images in bytes."""
    import torch

    resized = np.stack([loop_resize(image, side, side) for image in images])
    with torch.no_grad():
        return [value.numpy() for value in network(torch.tensor(np.moveaxis((resized - 128) / 128, -1, 1)))]


def check_parity(tmp_path, rng, module, apply=InceptionV3.apply, load=load_inception_v3):
    arrays, network = published(module, rng)
    save_file(arrays, tmp_path / "inception.safetensors")
    params = load(module, tmp_path / "inception.safetensors")
    images = rng.integers(0, 256, (2, 40, 31, 3), np.uint8)
    found = jax.jit(lambda params, x: apply(module, {"params": params}, x))(params, images)
    for value, truth in zip(found, truth_of(network, images, module.side), strict=True):
        assert truth.std() > 0.05
        np.testing.assert_allclose(value, truth, rtol=0, atol=1e-4 * np.abs(truth).max())
    assert np.abs(found.logits - found.logits_unbiased).max() > 0.1


def test_outputs_equal_those_of_torch(tmp_path, rng):
    check_parity(tmp_path, rng, NARROW)


@pytest.mark.slow
def test_outputs_of_the_full_network_equal_those_of_torch(tmp_path, rng):
    check_parity(tmp_path, rng, InceptionV3())


def test_the_default_network_has_the_published_size():
    """Keras counts 21,751,136 weights of convolutions and 17,216 of their channels."""
    shapes = jax.eval_shape(InceptionV3().init, jax.random.key(0), jnp.zeros((1, 299, 299, 3)))
    sizes = [leaf.size for leaf in jax.tree.leaves(shapes)]
    assert sum(sizes) == 21_751_136 + 17_216 + 2_049 * 1_008
    assert len(sizes) == 2 * 94 + 2
