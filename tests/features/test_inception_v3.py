"""Inception-v3 against the same network in torch, and its weights from a safetensors file."""

from tempfile import TemporaryDirectory

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from jgen.errors import UsageError
from jgen.features import InceptionV3, inception_v3, legacy_resize, load_inception_v3
from tests.helpers.numpy_resize import loop_resize

OPTIONS = {"num_labels": 7, "reduction": 16, "side": 107}
"""One 256th of the products, and maps of 11, 5 and 2 pixels, so that borders matter."""
NARROW = InceptionV3(**OPTIONS)
WHY = "torch, of the extra bench, is the reference"


def published(module, rng):
    """Return random arrays under the published names, and the network in torch, in float64."""
    pytest.importorskip("torch", reason=WHY)
    from tests.helpers.torch_inception import TorchInception, randomise

    network = randomise(TorchInception(module.num_labels, module.reduction), rng)
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}, network.double()


def truth_of(network, images, side):
    """Compute features, logits, and logits without bias, of images in bytes."""
    import torch

    resized = np.stack([loop_resize(image, side, side) for image in images])
    with torch.no_grad():
        return [value.numpy() for value in network(torch.tensor(np.moveaxis((resized - 128) / 128, -1, 1)))]


def check_parity(source=inception_v3, options=OPTIONS):
    """Check the network of a module against torch, with random weights from a file."""
    rng, module = np.random.default_rng(0), source.InceptionV3(**options)
    arrays, network = published(module, rng)
    with TemporaryDirectory() as folder:
        save_file(arrays, f"{folder}/inception.safetensors")
        params = source.load_inception_v3(module, f"{folder}/inception.safetensors")
    images = rng.integers(0, 256, (2, 40, 31, 3), np.uint8)
    found = jax.jit(module.apply)({"params": params}, images)
    for value, truth in zip(found, truth_of(network, images, module.side), strict=True):
        assert truth.std() > 0.05
        np.testing.assert_allclose(value, truth, rtol=0, atol=1e-4 * np.abs(truth).max())
    assert np.abs(found.logits - found.logits_unbiased).max() > 0.1


def test_outputs_equal_those_of_torch():
    check_parity()


@pytest.mark.slow
def test_outputs_of_the_full_network_equal_those_of_torch():
    check_parity(options={})


def test_the_default_network_has_the_published_size():
    """Keras counts 21,751,136 weights of convolutions and 17,216 of their channels."""
    shapes = jax.eval_shape(InceptionV3().init, jax.random.key(0), jnp.zeros((1, 299, 299, 3)))
    sizes = [leaf.size for leaf in jax.tree.leaves(shapes)]
    assert sum(sizes) == 21_751_136 + 17_216 + 2_049 * 1_008
    assert len(sizes) == 2 * 94 + 2


def test_bytes_and_floats_of_any_type_are_scaled_alike(rng):
    """In float16, 255 times an image would have three digits."""
    images = rng.integers(0, 256, (2, 9, 7, 3), np.uint8)
    truth = (legacy_resize(jnp.asarray(images), (20, 20)) - 128) / 128
    for x, atol in [(images, 0), (images / np.float32(255), 1e-6), ((images / 255).astype(np.float16), 1e-3)]:
        np.testing.assert_allclose(inception_v3.scaled(jnp.asarray(x), 20), truth, rtol=0, atol=atol)


def published_shapes(module):
    """Return zeros under the published names, made from ours."""
    shapes = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((1, module.side, module.side, 3)))
    arrays = {"fc.weight": np.zeros((module.num_labels, 2048 // module.reduction), np.float32)}
    arrays["fc.bias"] = np.zeros(module.num_labels, np.float32)
    for name, layer in shapes["params"].items():
        if not name.startswith("fc"):
            arrays[f"{name}.conv.weight"] = np.zeros(
                np.array(layer["kernel"].shape)[[3, 2, 0, 1]], np.float32
            )
            for part in ("weight", "bias", "running_mean", "running_var"):
                arrays[f"{name}.bn.{part}"] = np.ones(layer["bias"].shape, np.float32)
    return arrays


def test_weights_of_another_network_are_refused(tmp_path):
    """As those of torchvision, which has 1,000 labels and a second classifier."""
    whole, path = published_shapes(NARROW), tmp_path / "inception.safetensors"
    other = {"AuxLogits.fc.bias": np.zeros(7, np.float32)}
    counter = {"Conv2d_1a_3x3.bn.num_batches_tracked": np.zeros((), np.int64)}
    part = {name: array for name, array in whole.items() if name != "Mixed_7c.branch_pool.bn.running_var"}
    for arrays, message in [
        (whole | other, r"does not hold this InceptionV3: AuxLogits.fc.bias \(7,\), not known; 1 do not fit"),
        (whole | {"fc.bias": np.zeros(6, np.float32)}, r"fc.bias \(6,\), not \(7,\)"),
        (part, r"Mixed_7c.branch_pool.bn.running_var is absent, not \(12,\)"),
        (whole | {"fc.bias": np.zeros(7, int)}, "fc.bias must be float16"),
    ]:
        save_file(arrays, path)
        with pytest.raises(UsageError, match=message):
            load_inception_v3(NARROW, path)
    save_file(whole | counter, path)
    assert load_inception_v3(NARROW, path)["fc.bias"].shape == (7,)


def test_a_missing_file_says_where_it_is_published_and_how_to_convert_it(tmp_path):
    (tmp_path / "damaged.safetensors").write_bytes(b"damaged")
    words = (
        "pt_inception-2015-12-05-6726825d.pth of github.com/mseitzer/pytorch-fid.*docstring of load_inception"
    )
    for name, problem in [("none", "cannot read"), ("damaged", "is damaged")]:
        with pytest.raises(UsageError, match=f"{problem}.*{words}"):
            load_inception_v3(NARROW, tmp_path / f"{name}.safetensors")


@pytest.mark.parametrize("shape", [(2, 8, 8, 1), (8, 8, 3), (2, 3, 8, 8)])
def test_images_of_another_form_are_refused(shape):
    with pytest.raises(ValueError, match=r"give \[batch, height, width, 3\]"):
        jax.eval_shape(NARROW.init, jax.random.key(0), jnp.zeros(shape))
