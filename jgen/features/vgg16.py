"""Compute the features of VGG16, up to its last convolution, for perceptual losses."""

import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp

from jgen.errors import UsageError
from jgen.types import Array, PyTree

CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the convolutions of each block (configuration D); between blocks is a 2 x 2 maximum."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Statistics of ImageNet's red, green and blue in [0, 1], by which the published weights were trained."""


class VGG16(nn.Module):
    r"""Network of VGG16 whose output is the activations after chosen relus.

    Images are normalised as ImageNet was. Each convolution is 3 x 3, padded by one pixel of zeros, and
    followed by a relu; a feature of block :math:`b` has the height and width of the image halved
    :math:`b - 1` times, rounded down. Layers after the last relu of ``relus`` are not computed and have no
    parameters.

    Called with ``x [batch, height, width, 3]``, red, green and blue in [0, 1], it returns a tuple of
    ``[batch, height', width', channel]``, one for each of ``relus``, in their order. Images of another form,
    or too small for the blocks, raise a ``ValueError``.

    Attributes:
        relus: Block and place in it, from 1: ``(2, 2)`` is the layer called relu2_2.
        channels: Channels of the convolutions of each block.
        mean: Mean of the training images, by colour.
        std: Standard deviation of the training images, by colour.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.models.flax_functions import apply_of, init_of
        >>> narrow = VGG16(relus=((1, 2), (2, 1)), channels=((4, 4), (8, 8)))
        >>> x = jnp.ones((5, 16, 16, 3))
        >>> params = init_of(narrow, x)(jax.random.key(0))
        >>> [feature.shape for feature in apply_of(narrow)(params, x)]
        [(5, 16, 16, 4), (5, 8, 8, 8)]
        >>> sorted(params)
        ['conv1_1', 'conv1_2', 'conv2_1']

    Reference:
        Simonyan and Zisserman (2015), "Very deep convolutional networks for large-scale image recognition";
        Johnson, Alahi and Fei-Fei (2016), "Perceptual losses for real-time style transfer".
    """

    relus: tuple[tuple[int, int], ...] = ((1, 2), (2, 2), (3, 3), (4, 3), (5, 3))
    channels: tuple[tuple[int, ...], ...] = CHANNELS
    mean: tuple[float, float, float] = MEAN
    std: tuple[float, float, float] = STD

    @nn.compact
    def __call__(self, x: Array) -> tuple[Array, ...]:
        """Compute the features of a batch of images."""
        layers = _layers(self)
        least = 2 ** (layers[-1].block - 1)
        if x.ndim != 4 or x.shape[-1] != 3 or min(x.shape[1:3]) < least:
            raise ValueError(
                f"x has shape {x.shape}: give [batch, height, width, 3] with sides of {least} pixels or "
                "more, and a grey image as three equal colours"
            )
        mean, std = (jnp.asarray(value, x.dtype).reshape(1, 1, 1, 3) for value in (self.mean, self.std))
        x = (x - mean) / std
        activations = {}
        for layer in layers:
            if layer.place == 1 and layer.block > 1:
                x = nn.max_pool(x, (2, 2), strides=(2, 2))
            x = nn.relu(nn.Conv(layer.outputs, (3, 3), padding=1, name=layer.name)(x))
            activations[layer.block, layer.place] = x
        return tuple(activations[relu] for relu in self.relus)


def load_vgg16(module: VGG16, path: str | Path, *, check_digest: bool = True) -> PyTree:
    """Read the published weights as parameters of a ``VGG16``.

    torchvision publishes them as ``vgg16-397923af.pth`` (553,433,881 bytes), which jgen neither contains nor
    downloads. Convert that file once, where torch is installed::

        import torch, safetensors.torch
        weights = torch.load("vgg16-397923af.pth", weights_only=True)
        safetensors.torch.save_file(weights, "vgg16.safetensors")

    Tested are files of random weights under torchvision's names; the published one has not been read.

    Args:
        module: The network that takes the parameters; layers that it does not use are not read.
        path: The ``.safetensors`` file.
        check_digest: Whether the file's SHA-256 must begin with the digits in its name, where the name ends
            in a dash and eight or more hexadecimal digits (``vgg16-0a1b2c3d.safetensors``).

    Returns:
        Parameters, float32.

    Raises:
        UsageError: If safetensors is not installed, or the file is missing, damaged, or holds another
            network; the message lists the arrays that do not fit.

    Example:
        >>> load_vgg16(VGG16(), "vgg16.safetensors")
        Traceback (most recent call last):
        jgen.errors.UsageError: cannot read vgg16.safetensors: No such file or directory

    Reference:
        https://pytorch.org/vision/stable/models/generated/torchvision.models.vgg16.html
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise UsageError('load_vgg16 needs safetensors: pip install "jgen[features]"') from error
    path = Path(path)
    try:
        with path.open("rb") as file:
            if check_digest:
                _check_digest(path, file)
        with safe_open(path, framework="numpy") as arrays:
            _check_arrays(module, path, arrays)
            return {layer.name: _read(arrays, layer.torch_name) for layer in _layers(module)}
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise UsageError(f"{path} is damaged or no safetensors file ({error}): convert it again") from error


def _check_digest(path: Path, file: io.BufferedReader) -> None:
    expected = re.search(r"-([0-9a-f]{8,64})\.[^.]*$", path.name)
    if expected is None:
        return
    digest = hashlib.file_digest(file, "sha256").hexdigest()[: len(expected[1])]
    if digest != expected[1]:
        raise UsageError(
            f"the SHA-256 of {path} begins with {digest}, not {expected[1]} as its name does: convert it "
            "again, or pass check_digest=False (a converted file does not keep the digest of the original)"
        )


def _check_arrays(module: VGG16, path: Path, arrays: Any) -> None:
    """Check that the arrays of a file, except those of the classifier, are those of this VGG16."""
    expected: dict[str, tuple[int, ...]] = {}
    for layer in _all_layers(module.channels):
        expected[f"{layer.torch_name}.weight"] = (layer.outputs, layer.inputs, 3, 3)
        expected[f"{layer.torch_name}.bias"] = (layer.outputs,)
    slices = {name: arrays.get_slice(name) for name in arrays.keys() if not name.startswith("classifier.")}  # noqa: SIM118
    found = {name: tuple(each.get_shape()) for name, each in slices.items()}
    wrong = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
    if wrong:
        lines = [
            f"{name} {found.get(name, 'is absent')}, not {expected.get(name, 'known')}" for name in wrong[:5]
        ]
        raise UsageError(
            f"{path} does not hold this VGG16: {'; '.join(lines)}; {len(wrong)} do not fit in all"
        )
    integers = [name for name, each in slices.items() if each.get_dtype() not in ("F16", "F32", "F64")]
    if integers:
        raise UsageError(f"{path}: {', '.join(integers[:5])} must be float16, float32 or float64")


def _read(arrays: Any, name: str) -> dict[str, Array]:
    leaves = [arrays.get_tensor(f"{name}.{part}") for part in ("weight", "bias")]
    kernel, bias = (jnp.asarray(leaf, jnp.float32) for leaf in leaves)
    return {"kernel": kernel.transpose(2, 3, 1, 0), "bias": bias}


class _Layer(NamedTuple):
    """Place of a 3 x 3 convolution, its names here and in torch's list of layers, and its channels."""

    block: int
    place: int
    name: str
    torch_name: str
    inputs: int
    outputs: int


def _all_layers(channels: tuple[tuple[int, ...], ...]) -> Iterator[_Layer]:
    slot, inputs = 0, 3
    for block, widths in enumerate(channels, 1):
        for place, outputs in enumerate(widths, 1):
            yield _Layer(block, place, f"conv{block}_{place}", f"features.{slot}", inputs, outputs)
            slot, inputs = slot + 2, outputs  # a relu is between them
        slot += 1  # the maximum


def _layers(module: VGG16) -> list[_Layer]:
    """List the layers up to the last of ``relus``."""
    layers = {(layer.block, layer.place): layer for layer in _all_layers(module.channels)}
    if not module.relus or not set(module.relus) <= set(layers):
        raise ValueError(f"relus is {module.relus}: give pairs of a block and a place in it, from 1")
    return [layer for where, layer in layers.items() if where <= max(module.relus)]
