"""VGG16 against NumPy and torch, and its weights from a safetensors file."""

import hashlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy.signal import correlate

from jgen.errors import UsageError
from jgen.features import VGG16, load_vgg16
from jgen.models.flax_functions import apply_of, init_of

NARROW = ((2, 3), (4, 3), (3, 5, 4), (6, 3, 5), (4, 5, 3))
RELUS = tuple((b, c) for b, block in enumerate(NARROW, 1) for c in range(1, len(block) + 1))
INDICES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Indices of the convolutions of configuration D, as torchvision prints it."""
NORMALISE = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])


def weights(channels, rng):
    """Random arrays under torch's names, of a size that keeps activations of order one."""
    widths = (3, *(width for block in channels for width in block))
    arrays = {}
    for index, inputs, outputs in zip(INDICES, widths, widths[1:], strict=False):
        shape = (outputs, inputs, 3, 3)
        arrays[f"features.{index}.weight"] = rng.normal(size=shape) * np.sqrt(2 / (9 * inputs))
        arrays[f"features.{index}.bias"] = rng.uniform(size=outputs)  # so that no channel is 0 everywhere
    arrays["classifier.0.weight"] = rng.normal(size=(4, 7))
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def reference(arrays, x):
    """Every relu's activations ``[batch, channel, h, w]``, one correlation after another, in float64."""
    x = np.moveaxis((x - NORMALISE[0]) / NORMALISE[1], -1, 1)
    found = []
    for index, (b, c) in zip(INDICES, RELUS, strict=True):
        if c == 1 and b > 1:
            h, w = x.shape[2] // 2, x.shape[3] // 2
            x = x[..., : 2 * h, : 2 * w].reshape(*x.shape[:2], h, 2, w, 2).max((3, 5))
        kernel, bias = arrays[f"features.{index}.weight"], arrays[f"features.{index}.bias"]
        padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
        x = np.stack([[correlate(image, k, "valid")[0] for k in kernel.astype(float)] for image in padded])
        x = np.maximum(x + bias[:, None, None], 0)
        found.append(x)
    return found


def assert_same(found, truth):
    """Float64 rounds to 1e-16 and the layers let it grow by some hundreds; a wrong layer differs by 1e-2."""
    for relu, feature, wanted in zip(RELUS, found, truth, strict=True):
        wanted = np.moveaxis(np.asarray(wanted), 1, -1)
        assert wanted.std() > 0.01, relu
        np.testing.assert_allclose(feature, wanted, rtol=0, atol=1e-11 * np.abs(wanted).max(), err_msg=relu)


def saved(tmp_path, arrays, name="vgg16.safetensors"):
    save_file(arrays, tmp_path / name)
    return tmp_path / name


def test_features_equal_those_of_a_numpy_implementation(tmp_path, x64, rng):  # noqa: ARG001
    arrays, x = weights(NARROW, rng), rng.uniform(size=(2, 35, 21, 3))
    module = VGG16(RELUS, NARROW)
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, float), load_vgg16(module, saved(tmp_path, arrays)))
    assert_same(jax.jit(apply_of(module))(params, jnp.asarray(x)), reference(arrays, x))


@pytest.mark.slow
def test_features_equal_those_of_torch(tmp_path, x64, rng):  # noqa: ARG001
    """The file is converted as the docstring of ``load_vgg16`` shows."""
    torch, save = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch").save_file
    module, network = VGG16(RELUS), torch.nn.Module()
    inputs, layers = 3, []
    for block in module.channels:
        for width in block:
            convolution = torch.nn.Conv2d(inputs, width, 3, padding=1)
            torch.nn.init.kaiming_normal_(convolution.weight, generator=torch.Generator().manual_seed(0))
            layers += [convolution, torch.nn.ReLU()]
            inputs = width
        layers.append(torch.nn.MaxPool2d(2, 2))
    network.features = torch.nn.Sequential(*layers)
    network.classifier = torch.nn.Sequential(torch.nn.Linear(4, 2))
    torch.save(network.state_dict(), tmp_path / "vgg16.pth")
    save(torch.load(tmp_path / "vgg16.pth", weights_only=True), tmp_path / "vgg16.safetensors")
    params = load_vgg16(module, tmp_path / "vgg16.safetensors")
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, float), params)
    x = rng.uniform(size=(2, 37, 20, 3))
    value = torch.tensor(np.moveaxis((x - NORMALISE[0]) / NORMALISE[1], -1, 1))
    truth = []
    with torch.no_grad():
        for layer in network.features[:-1].double():
            value = layer(value)
            if isinstance(layer, torch.nn.ReLU):
                truth.append(value.numpy())
    assert_same(apply_of(module)(params, jnp.asarray(x)), truth)


def test_layers_after_the_last_relu_are_not_loaded(tmp_path, rng):
    path, x = saved(tmp_path, weights(NARROW, rng)), jnp.ones((1, 4, 4, 3))
    module = VGG16(((3, 2), (1, 1)), NARROW)
    params = load_vgg16(module, path)
    shapes = jax.eval_shape(init_of(module, x), jax.random.key(0))
    assert jax.tree.map(jnp.shape, params) == jax.tree.map(lambda leaf: leaf.shape, shapes)
    assert list(params) == ["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2"]
    features = jax.eval_shape(apply_of(module), params, x)
    assert [feature.shape for feature in features] == [(1, 1, 1, 5), (1, 4, 4, 2)]


def test_the_default_network_has_the_published_sizes():
    module = VGG16()
    shapes = jax.eval_shape(init_of(module, jnp.zeros((1, 32, 32, 3))), jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 14_714_688  # 138,357,544 less 123,642,856
    features = jax.eval_shape(apply_of(module), shapes, jnp.zeros((5, 224, 224, 3)))
    sides, channels = (224, 112, 56, 28, 14), (64, 128, 256, 512, 512)
    assert [feature.shape[1:] for feature in features] == list(zip(sides, sides, channels, strict=True))


def test_weights_of_another_network_are_refused(tmp_path, rng):
    whole = weights(NARROW, rng)
    other, part = whole["features.2.weight"], {name: whole[name] for name in whole if "28.bias" not in name}
    for arrays, message in [
        (part, r"features.28.bias is absent, not \(3,\); 1 do not fit"),
        (whole | {"features.3.running_mean": other}, "running_mean .*, not known"),
        (whole | {"features.0.weight": other}, r"features.0.weight \(3, 2, 3, 3\), not \(2, 3, 3, 3\)"),
        (whole | {"features.0.bias": np.ones(2, int)}, "features.0.bias must be float16"),
    ]:
        with pytest.raises(UsageError, match=message):
            load_vgg16(VGG16(((1, 1),), NARROW), saved(tmp_path, arrays))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_kernels_are_float32_height_width_input_output(tmp_path, rng, dtype):
    arrays = {name: array.astype(dtype) for name, array in weights(((2,),), rng).items()}
    layer = load_vgg16(VGG16(((1, 1),), ((2,),)), saved(tmp_path, arrays))["conv1_1"]
    kernel = np.moveaxis(arrays["features.0.weight"], (0, 1), (3, 2))
    truth = {"kernel": kernel, "bias": arrays["features.0.bias"]}
    assert {leaf.dtype for leaf in layer.values()} == {np.dtype(np.float32)}
    assert kernel.shape == (3, 3, 3, 2)
    jax.tree.map(np.testing.assert_array_equal, layer, jax.tree.map(np.float32, truth))


def test_damaged_and_missing_files_are_refused(tmp_path, rng):
    module, path = VGG16(((1, 1),), ((2,),)), saved(tmp_path, weights(((2,),), rng))
    content = path.read_bytes()
    for wrong in (b"", content[:5], content[:40], content[:-1], content + b"x", b"PK\x03\x04" + content):
        path.write_bytes(wrong)
        with pytest.raises(UsageError, match="is damaged or no safetensors file"):
            load_vgg16(module, path)
    for nowhere in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(
            UsageError, match=r"cannot read.*torchvision publishes it .*docstring of load_vgg16"
        ):
            load_vgg16(module, nowhere)


def test_a_digest_in_the_name_of_a_file_is_checked(tmp_path, rng):
    module, path = VGG16(((1, 1),), ((2,),)), saved(tmp_path, weights(((2,),), rng), "a-397923af.safetensors")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(UsageError, match=f"begins with {digest[:8]}, not 397923af"):
        load_vgg16(module, path)
    assert set(load_vgg16(module, path, check_digest=False)) == {"conv1_1"}
    for length in (8, 64):
        assert load_vgg16(module, path.rename(tmp_path / f"a-{digest[:length]}.safetensors"))
        path = tmp_path / f"a-{digest[:length]}.safetensors"


def test_a_missing_safetensors_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(UsageError, match=r'pip install "jgen\[features\]"'):
        load_vgg16(VGG16(), "vgg16.safetensors")


@pytest.mark.parametrize("shape", [(2, 8, 8, 1), (8, 8, 3), (2, 3, 8, 8), (2, 8, 1, 3)])
def test_images_of_another_form_are_refused(shape):
    module = VGG16(((2, 1),), ((2,), (2,)))
    with pytest.raises(ValueError, match=r"give \[batch, height, width, 3\] with sides of 2 pixels"):
        jax.eval_shape(init_of(module, jnp.zeros(shape)), jax.random.key(0))


@pytest.mark.parametrize("relus", [(), ((0, 1),), ((6, 1),), ((1, 3),)])
def test_layers_that_do_not_exist_are_refused(relus):
    with pytest.raises(ValueError, match="give pairs of a block and a place"):
        jax.eval_shape(init_of(VGG16(relus), jnp.zeros((1, 16, 16, 3))), jax.random.key(0))
