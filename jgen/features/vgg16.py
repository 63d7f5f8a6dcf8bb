r"""VGG16 up to its last convolution: the features that perceptual losses are made of."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import flax.linen as nn
import jax.numpy as jnp

from jgen.errors import UsageError
from jgen.features.torch_file_base import read_state_dict
from jgen.types import Array, PyTree

CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Configuration D: the convolutions of each block; between blocks stands a 2 x 2 maximum."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue in [0, 1], by which the published weights were trained."""


class VGG16(nn.Module):
    r"""Activations after chosen relus, of images first normalised as ImageNet was.

    Each convolution is 3 x 3, padded by one pixel of zeros, and followed by a relu; a feature of block
    :math:`b` has the height and width of the image halved :math:`b - 1` times, rounded down. What comes after
    the last relu asked for is not computed, and has no parameters.

    Called with ``x [batch, height, width, 3]``, red, green and blue in [0, 1], it returns a tuple of
    ``[batch, height', width', channel]``, one for each of ``relus``, in their order. It refuses images of
    another form, or too small for the blocks asked for, with a ``ValueError``.

    Attributes:
        relus: Block and place in it, from 1: ``(2, 2)`` is the layer that the field calls relu2_2.
        channels: Of the convolutions of each block.
        mean: Of the training images, by colour.
        std: Of the training images, by colour.

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
        """The features of a batch of images."""
        layers = _layers(self)
        least = 2 ** (layers[-1].block - 1)
        if x.ndim != 4 or x.shape[-1] != 3 or min(x.shape[1:3]) < least:
            raise ValueError(
                f"x has shape {x.shape}: give [batch, height, width, 3] with sides of {least} pixels or "
                "more, and a grey image as three equal colours"
            )
        mean, std = (jnp.asarray(value, x.dtype).reshape(1, 1, 1, 3) for value in (self.mean, self.std))
        x = (x - mean) / std
        found = {}
        for layer in layers:
            if layer.place == 1 and layer.block > 1:
                x = nn.max_pool(x, (2, 2), strides=(2, 2))
            x = nn.relu(nn.Conv(layer.shape[-1], layer.shape[:2], padding=1, name=layer.name)(x))
            found[layer.block, layer.place] = x
        return tuple(found[relu] for relu in self.relus)


def load_vgg16(module: VGG16, path: str | Path, *, check_digest: bool = True) -> PyTree:
    """The published weights, as parameters of a ``VGG16``.

    The file is torchvision's ``vgg16-397923af.pth`` (553,433,881 bytes), which jgen neither holds nor
    fetches. It is read without torch, and nothing in it is run. Tested are files that torch makes of random
    weights, in both of its forms; the published one has not been through here.

    Args:
        module: Whose parameters they are to be; what it does not use is not read.
        path: The file.
        check_digest: Whether the file's SHA-256 must begin with the digits in its name.

    Returns:
        Parameters, float32.

    Raises:
        UsageError: For a file that is missing, damaged, hostile, or holds another network; the message says
            which of its arrays do not fit.

    Example:
        >>> load_vgg16(VGG16(), "vgg16-397923af.pth")
        Traceback (most recent call last):
        jgen.errors.UsageError: cannot read vgg16-397923af.pth: No such file or directory

    Reference:
        https://pytorch.org/vision/stable/models/generated/torchvision.models.vgg16.html
    """
    stored = read_state_dict(path, check_digest=check_digest)
    wanted: dict[str, tuple[int, ...]] = {}
    for layer in _all_layers(module.channels):
        height, width, inputs, outputs = layer.shape
        wanted[f"{layer.torch_name}.weight"] = (outputs, inputs, height, width)
        wanted[f"{layer.torch_name}.bias"] = (outputs,)
    found = {name: array.shape for name, array in stored.items() if not name.startswith("classifier.")}
    wrong = [name for name in {**wanted, **found} if wanted.get(name) != found.get(name)]
    if wrong:
        lines = [
            f"{name} {found.get(name, 'is absent')}, not {wanted.get(name, 'known')}" for name in wrong[:5]
        ]
        raise UsageError(
            f"{path} does not hold this VGG16: {'; '.join(lines)}; {len(wrong)} do not fit in all"
        )
    return {
        layer.name: {
            "kernel": jnp.asarray(stored[f"{layer.torch_name}.weight"].read().transpose(2, 3, 1, 0)),
            "bias": jnp.asarray(stored[f"{layer.torch_name}.bias"].read()),
        }
        for layer in _layers(module)
    }


class _Layer(NamedTuple):
    """A convolution: where it stands, here and in torch's list of layers, and the shape of its kernel."""

    block: int
    place: int
    slot: int
    shape: tuple[int, int, int, int]  # [height, width, input, output]

    @property
    def name(self) -> str:
        return f"conv{self.block}_{self.place}"

    @property
    def torch_name(self) -> str:
        return f"features.{self.slot}"


def _all_layers(channels: tuple[tuple[int, ...], ...]) -> Iterator[_Layer]:
    slot, inputs = 0, 3
    for block, widths in enumerate(channels, 1):
        for place, outputs in enumerate(widths, 1):
            yield _Layer(block, place, slot, (3, 3, inputs, outputs))
            slot, inputs = slot + 2, outputs  # its relu stands between
        slot += 1  # the maximum


def _layers(module: VGG16) -> list[_Layer]:
    """Those up to the last relu asked for."""
    layers = {(layer.block, layer.place): layer for layer in _all_layers(module.channels)}
    if not module.relus or not set(module.relus) <= set(layers):
        raise ValueError(f"relus is {module.relus}: give pairs of a block and a place in it, from 1")
    return [layer for where, layer in layers.items() if where <= max(module.relus)]
