"""Compute the features of VGG16, up to its last convolution, for perceptual losses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp

from jgen.features.weights_file import read_weights
from jgen.types import Array, PyTree

CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the convolutions of each block (configuration D); between blocks is a 2 x 2 maximum."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Statistics of ImageNet's red, green and blue in [0, 1], by which the published weights were trained."""
SOURCE = "torchvision publishes it as vgg16-397923af.pth; convert that as the docstring of load_vgg16 shows"


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
        weights = {name: array.contiguous() for name, array in weights.items()}
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
        jgen.errors.UsageError: cannot read vgg16.safetensors: No such file or directory. torchvision
        publishes it as vgg16-397923af.pth; convert that as the docstring of load_vgg16 shows

    Reference:
        https://pytorch.org/vision/stable/models/generated/torchvision.models.vgg16.html
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in _all_layers(module.channels):
        shapes[f"{layer.torch_name}.weight"] = (layer.outputs, layer.inputs, 3, 3)
        shapes[f"{layer.torch_name}.bias"] = (layer.outputs,)
    layers = _layers(module)
    arrays = read_weights(
        path,
        shapes,
        network="this VGG16",
        source=SOURCE,
        used=[f"{layer.torch_name}.{part}" for layer in layers for part in ("weight", "bias")],
        ignored=r"classifier\..*",
        check_digest=check_digest,
    )
    return {layer.name: _parameters(arrays, layer.torch_name) for layer in layers}


def _parameters(arrays: dict[str, Any], name: str) -> dict[str, Array]:
    kernel, bias = (jnp.asarray(arrays[f"{name}.{part}"], jnp.float32) for part in ("weight", "bias"))
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
