"""VGG16 against NumPy and torch, and its weights from a safetensors file."""

import builtins
import hashlib

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


def torch_features(torch, channels):
    inputs, layers = 3, []
    for block in channels:
        for width in block:
            layers += [torch.nn.Conv2d(inputs, width, 3, padding=1), torch.nn.ReLU()]
            inputs = width
        layers.append(torch.nn.MaxPool2d(2, 2))
    return torch.nn.Sequential(*layers)


@pytest.mark.slow
def test_features_equal_those_of_torch(tmp_path, x64, rng):  # noqa: ARG001
    """The file is converted as the docstring of ``load_vgg16`` shows."""
    torch, save = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch").save_file
    module, network = VGG16(RELUS), torch.nn.Module()
    network.features = torch_features(torch, module.channels)
    network.classifier = torch.nn.Sequential(torch.nn.Linear(4, 2))
    for layer in network.features:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, generator=torch.Generator().manual_seed(0))
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
    assert [feature.shape for feature in jax.eval_shape(apply_of(module), params, x)] == [
        (1, 1, 1, 5),
        (1, 4, 4, 2),
    ]


def test_the_default_network_has_the_published_sizes():
    module = VGG16()
    shapes = jax.eval_shape(init_of(module, jnp.zeros((1, 32, 32, 3))), jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 14_714_688  # 138,357,544 less 123,642,856
    features = jax.eval_shape(apply_of(module), shapes, jnp.zeros((5, 224, 224, 3)))
    assert [feature.shape[1:] for feature in features] == [
        (224, 224, 64),
        (112, 112, 128),
        (56, 56, 256),
        (28, 28, 512),
        (14, 14, 512),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("features.28.bias"), r"features.28.bias is absent, not \(3,\); 1 do not fit"),
        (lambda a: a.update({"features.3.running_mean": a["features.0.bias"]}), "running_mean .*, not known"),
        (
            lambda a: a.update({"features.0.weight": a["features.2.weight"]}),
            r"features.0.weight \(3, 2, 3, 3\), not \(2, 3, 3, 3\)",
        ),
        (lambda a: a.update({"features.0.bias": np.ones(2, int)}), "features.0.bias must be float16"),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path, rng, change, message):
    arrays = weights(NARROW, rng)
    change(arrays)
    with pytest.raises(UsageError, match=message):
        load_vgg16(VGG16(((1, 1),), NARROW), saved(tmp_path, arrays))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_kernels_are_float32_height_width_input_output(tmp_path, rng, dtype):
    arrays = {name: array.astype(dtype) for name, array in weights(((2,),), rng).items()}
    layer = load_vgg16(VGG16(((1, 1),), ((2,),)), saved(tmp_path, arrays))["conv1_1"]
    assert {name: (leaf.shape, leaf.dtype) for name, leaf in layer.items()} == {
        "kernel": ((3, 3, 3, 2), np.float32),
        "bias": ((2,), np.float32),
    }
    kernel = np.moveaxis(arrays["features.0.weight"], (0, 1), (3, 2)).astype(np.float32)
    np.testing.assert_array_equal(layer["kernel"], kernel)
    np.testing.assert_array_equal(layer["bias"], arrays["features.0.bias"].astype(np.float32))


def test_damaged_and_missing_files_are_refused(tmp_path, rng):
    module, path = VGG16(((1, 1),), ((2,),)), saved(tmp_path, weights(((2,),), rng))
    content = path.read_bytes()
    for wrong in (b"", content[:5], content[:40], content[:-1], content + b"x", b"PK\x03\x04" + content):
        path.write_bytes(wrong)
        with pytest.raises(UsageError, match="is damaged or no safetensors file"):
            load_vgg16(module, path)
    for nowhere in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(UsageError, match="cannot read"):
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
    real = builtins.__import__

    def without(name, *arguments):
        if name == "safetensors":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
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
