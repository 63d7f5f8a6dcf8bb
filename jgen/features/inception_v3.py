"""Compute Inception-v3 in the variant of the Frechet Inception distance, and read its published weights."""

import functools
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jgen._internal.dtypes import at_least_float32
from jgen.features.legacy_resize import legacy_resize
from jgen.features.weights_file import read_weights
from jgen.types import Array, PyTree

EPS = 1e-3
"""Constant of the batch normalisation, added to the variance."""
SOURCE = (
    "It is pt_inception-2015-12-05-6726825d.pth of github.com/mseitzer/pytorch-fid/releases/tag/fid_weights, "
    "converted as the docstring of load_inception_v3 shows"
)


class InceptionOutput(NamedTuple):
    """Features and logits of a batch of images.

    Attributes:
        features: Mean over positions of the last block ``[batch, 2048]``: those of FID and KID.
        logits: Logits of the labels ``[batch, 1008]``, of which 1,000 are ImageNet's.
        logits_unbiased: Those without the bias of the last layer ``[batch, 1008]``: the Inception Score has
            always been computed of these.
    """

    features: Array
    logits: Array
    logits_unbiased: Array


class InceptionV3(nn.Module):
    r"""Network of Inception-v3 in the variant of TensorFlow's graph of 2015-12-05, that of FID.

    It differs from the network of the paper, and of torchvision, in four ways, each of which changes the
    distance: averages of 3 x 3 at the border do not count the padding, the last block has a maximum where
    the others have that average, there are 1,008 labels, and the images are resized as TensorFlow 1 did
    (``legacy_resize``) and scaled by :math:`(x - 128) / 128`.

    Each convolution is followed by a batch normalisation with fixed statistics, which is part of its kernel
    and bias, and by a relu. Products are of full float32 precision on every device.

    Called with images ``x [batch, height, width, 3]`` of any size, in bytes or in floats in [0, 1], it
    returns an ``InceptionOutput``. Floats are not rounded to bytes, as writing them to files would do.

    Attributes:
        num_labels: Number of labels.
        reduction: What all numbers of channels are divided by: 1, or 2, 4, 8 or 16 for a narrow network.
        side: Height and width to which images are resized, 75 or more.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> narrow, x = InceptionV3(10, reduction=16, side=75), jnp.ones((5, 32, 32, 3))
        >>> shapes = jax.eval_shape(narrow.init, jax.random.key(0), x)
        >>> [each.shape for each in jax.eval_shape(narrow.apply, shapes, x)]
        [(5, 128), (5, 10), (5, 10)]

    Reference:
        Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), "Rethinking the Inception architecture for
        computer vision"; Heusel et al. (2017), "GANs trained by a two time-scale update rule converge to a
        local Nash equilibrium"; Salimans et al. (2016), "Improved techniques for training GANs".
    """

    num_labels: int = 1008
    reduction: int = 1
    side: int = 299

    @nn.compact
    def __call__(self, x: Array) -> InceptionOutput:
        """Compute features and logits of a batch of images."""
        if x.ndim != 4 or x.shape[-1] != 3:
            raise ValueError(f"x has shape {x.shape}: give [batch, height, width, 3]")
        x = scaled(x, self.side)
        conv = self._convolution
        x = conv(x, "Conv2d_1a_3x3", 32, 3, 2)
        x = conv(x, "Conv2d_2a_3x3", 32, 3, padding="VALID")
        x = conv(x, "Conv2d_2b_3x3", 64, 3)
        x = _max_pool(x)
        x = conv(x, "Conv2d_3b_1x1", 80, 1)
        x = conv(x, "Conv2d_4a_3x3", 192, 3, padding="VALID")
        x = _max_pool(x)
        for name, channels in [("5b", 32), ("5c", 64), ("5d", 64)]:
            x = _block_a(partial(conv, block=f"Mixed_{name}."), x, channels)
        x = _block_b(partial(conv, block="Mixed_6a."), x)
        for name, channels in [("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)]:
            x = _block_c(partial(conv, block=f"Mixed_{name}."), x, channels)
        x = _block_d(partial(conv, block="Mixed_7a."), x)
        x = _block_e(partial(conv, block="Mixed_7b."), x, _average(x))
        x = _block_e(partial(conv, block="Mixed_7c."), x, nn.max_pool(x, (3, 3), padding="SAME"))
        features = x.mean((1, 2))
        logits = nn.Dense(self.num_labels, use_bias=False, precision=lax.Precision.HIGHEST, name="fc")(
            features
        )
        bias = self.param("fc.bias", nn.initializers.zeros, (self.num_labels,))
        return InceptionOutput(features, logits + bias[None], logits)

    def _convolution(
        self,
        x: Array,
        name: str,
        channels: int,
        window: int | tuple[int, int],
        stride: int = 1,
        padding: str = "",
        block: str = "",
    ) -> Array:
        """Convolve and rectify; one of stride 2 is not padded, any other is."""
        height, width = window if isinstance(window, tuple) else (window, window)
        layer = nn.Conv(
            channels // self.reduction,
            (height, width),
            strides=stride,
            padding=padding or ("SAME" if stride == 1 else "VALID"),
            precision=lax.Precision.HIGHEST,
            name=f"{block}{name}",
        )
        return nn.relu(layer(x))


def scaled(x: Array, side: int) -> Array:
    """Resize images in bytes, or in floats in [0, 1], to squares, and scale them to [-1, 1)."""
    x = at_least_float32(x) * (1 if x.dtype == jnp.uint8 else 255)
    return (legacy_resize(x, (side, side)) - 128) / 128


def _max_pool(x: Array) -> Array:
    return nn.max_pool(x, (3, 3), strides=(2, 2))


def _average(x: Array) -> Array:
    return nn.avg_pool(x, (3, 3), padding="SAME", count_include_pad=False)


def _block_a(conv: Any, x: Array, pool_channels: int) -> Array:
    five = conv(conv(x, "branch5x5_1", 48, 1), "branch5x5_2", 64, 5)
    three = conv(conv(x, "branch3x3dbl_1", 64, 1), "branch3x3dbl_2", 96, 3)
    three = conv(three, "branch3x3dbl_3", 96, 3)
    pool = conv(_average(x), "branch_pool", pool_channels, 1)
    return jnp.concatenate([conv(x, "branch1x1", 64, 1), five, three, pool], -1)


def _block_b(conv: Any, x: Array) -> Array:
    double = conv(conv(x, "branch3x3dbl_1", 64, 1), "branch3x3dbl_2", 96, 3)
    double = conv(double, "branch3x3dbl_3", 96, 3, 2)
    return jnp.concatenate([conv(x, "branch3x3", 384, 3, 2), double, _max_pool(x)], -1)


def _block_c(conv: Any, x: Array, channels: int) -> Array:
    seven = conv(conv(x, "branch7x7_1", channels, 1), "branch7x7_2", channels, (1, 7))
    seven = conv(seven, "branch7x7_3", 192, (7, 1))
    double = conv(conv(x, "branch7x7dbl_1", channels, 1), "branch7x7dbl_2", channels, (7, 1))
    double = conv(conv(double, "branch7x7dbl_3", channels, (1, 7)), "branch7x7dbl_4", channels, (7, 1))
    double = conv(double, "branch7x7dbl_5", 192, (1, 7))
    pool = conv(_average(x), "branch_pool", 192, 1)
    return jnp.concatenate([conv(x, "branch1x1", 192, 1), seven, double, pool], -1)


def _block_d(conv: Any, x: Array) -> Array:
    three = conv(conv(x, "branch3x3_1", 192, 1), "branch3x3_2", 320, 3, 2)
    seven = conv(conv(x, "branch7x7x3_1", 192, 1), "branch7x7x3_2", 192, (1, 7))
    seven = conv(conv(seven, "branch7x7x3_3", 192, (7, 1)), "branch7x7x3_4", 192, 3, 2)
    return jnp.concatenate([three, seven, _max_pool(x)], -1)


def _block_e(conv: Any, x: Array, pooled: Array) -> Array:
    single = conv(x, "branch3x3_1", 384, 1)
    double = conv(conv(x, "branch3x3dbl_1", 448, 1), "branch3x3dbl_2", 384, 3)
    branches = [
        conv(x, "branch1x1", 320, 1),
        conv(single, "branch3x3_2a", 384, (1, 3)),
        conv(single, "branch3x3_2b", 384, (3, 1)),
        conv(double, "branch3x3dbl_3a", 384, (1, 3)),
        conv(double, "branch3x3dbl_3b", 384, (3, 1)),
        conv(pooled, "branch_pool", 192, 1),
    ]
    return jnp.concatenate(branches, -1)


def load_inception_v3(module: InceptionV3, path: str | Path, *, check_digest: bool = True) -> PyTree:
    r"""Read the published weights of FID's network as parameters of an ``InceptionV3``.

    They are published as ``pt_inception-2015-12-05-6726825d.pth`` at
    https://github.com/mseitzer/pytorch-fid/releases/tag/fid_weights (torch-fidelity has the same), which jgen
    neither contains nor downloads. Convert that file once, where torch is installed::

        import torch, safetensors.torch
        weights = torch.load("pt_inception-2015-12-05-6726825d.pth", weights_only=True)
        weights = {name: array.contiguous() for name, array in weights.items()}
        safetensors.torch.save_file(weights, "inception.safetensors")

    Tested are files of random weights under its names; the published one has not been read.

    The batch normalisation, of mean :math:`m`, variance :math:`v`, factor :math:`g` and offset :math:`b`,
    becomes part of the convolution before it, whose kernel is multiplied by :math:`c = g / \sqrt{v +
    10^{-3}}` and whose bias is :math:`b - c m`, in float64.

    Args:
        module: The network that takes the parameters.
        path: The ``.safetensors`` file.
        check_digest: Whether the file's SHA-256 must begin with the digits in its name, where the name ends
            in a dash and eight or more hexadecimal digits.

    Returns:
        Parameters, float32.

    Raises:
        UsageError: If safetensors is not installed, or the file is missing, damaged, or holds another
            network, such as torchvision's; the message lists the arrays that do not fit.

    Example:
        >>> load_inception_v3(InceptionV3(), "inception.safetensors")
        Traceback (most recent call last):
        jgen.errors.UsageError: cannot read inception.safetensors: No such file or directory. It is
        pt_inception-2015-12-05-6726825d.pth of github.com/mseitzer/pytorch-fid/releases/tag/fid_weights,
        converted as the docstring of load_inception_v3 shows
    """
    params = shapes_of(module)
    arrays = read_weights(
        path,
        dict(_published(params)),
        network="this InceptionV3",
        source=SOURCE,
        ignored=r".*\.num_batches_tracked",
        check_digest=check_digest,
    )
    wide = {name: array.astype(np.float64) for name, array in arrays.items()}
    folded = {name: _folded(wide, name) for name in params if not name.startswith("fc")}
    loaded = {**folded, "fc": {"kernel": wide["fc.weight"].T}, "fc.bias": wide["fc.bias"]}
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), loaded)


@functools.cache
def shapes_of(module: InceptionV3) -> dict[str, Any]:
    """Return the parameters of an ``InceptionV3`` as ``jax.ShapeDtypeStruct``s, computing none."""
    images = jax.ShapeDtypeStruct((1, module.side, module.side, 3), jnp.float32)
    params: dict[str, Any] = jax.eval_shape(module.init, jax.random.key(0), images)["params"]
    return params


def _published(params: dict[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """List the published names and shapes of the arrays of a network."""
    for name, layer in params.items():
        if name.startswith("fc"):
            continue
        height, width, inputs, outputs = layer["kernel"].shape
        yield f"{name}.conv.weight", (outputs, inputs, height, width)
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"{name}.bn.{part}", (outputs,)
    yield "fc.weight", params["fc"]["kernel"].shape[::-1]
    yield "fc.bias", params["fc.bias"].shape


def _folded(arrays: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    factor = arrays[f"{name}.bn.weight"] / np.sqrt(arrays[f"{name}.bn.running_var"] + EPS)
    kernel = arrays[f"{name}.conv.weight"].transpose(2, 3, 1, 0) * factor  # [height, width, input, output]
    return {"kernel": kernel, "bias": arrays[f"{name}.bn.bias"] - factor * arrays[f"{name}.bn.running_mean"]}
