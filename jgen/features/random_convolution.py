"""Extract features of images by a convolutional network with fixed random weights."""

import itertools
import math

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import lax
from jax.tree_util import Partial

from jgen._internal.dtypes import at_least_float32
from jgen._internal.fixed_hash import uniform
from jgen.features.extractor import Extractor, from_network
from jgen.features.input_checks import check_shape, check_unit_range
from jgen.types import Array, PyTree

DIM = 64
"""Number of features."""


def random_convolution(
    shape: tuple[int, int, int], *, seed: int = 0, channels: tuple[int, ...] = (32, 64)
) -> Extractor:
    r"""Return the extractor of a convolutional network that was never trained.

    Each layer is a 3 x 3 convolution of stride 2 and a relu; a linear map of the last maps gives 64 features.
    Weights are uniform on :math:`\pm \sqrt{6 / \text{inputs}}` (:math:`\pm \sqrt{3 / \text{inputs}}` in the
    linear map), which keeps the mean square of activations. They come from the integer hash SplitMix64, not
    from a generator of a library, so a seed has the same features, and the same digest, with every version.

    Random features see what is common to images of any kind. Naeem et al. found them a fair stand-in where
    those of ImageNet mean little, as for digits.

    Args:
        shape: Height, width and channels of the images.
        seed: Which weights; two seeds are two extractors.
        channels: Channels of the convolutions.

    Returns:
        Images ``[row, *shape]`` in [0, 1] to features ``[row, 64]``; its name has the seed.

    Raises:
        ValueError: For a shape that is not three positive sizes, no channels, or a seed outside of 0 to
            2^32 - 1; the extractor raises it for images of another shape, for integers (which do not say what
            white is), and for floats beyond [0, 1].

    Example:
        >>> extractor = random_convolution((8, 8, 1))
        >>> extractor(np.ones((5, 8, 8, 1))).shape, extractor.protocol
        ((5, 64), {'extractor': 'random-convolution-0', 'digest': '...'})

    Reference:
        Naeem, Oh, Uh, Choi and Yoo (2020), "Reliable fidelity and diversity metrics for generative models",
        section 3.4; He, Zhang, Ren and Sun (2015), "Delving deep into rectifiers".
    """
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"shape must be (height, width, channels), each 1 or more; got {shape}")
    if not channels or min(channels) < 1 or not 0 <= seed < 2**32:
        raise ValueError(f"give one channel or more and a seed of 0 to 2^32 - 1; got {channels} and {seed}")
    height, width = (math.ceil(size / 2 ** len(channels)) for size in shape[:2])
    windows = [(3, 3, *pair) for pair in itertools.pairwise((shape[2], *channels))]
    params = [_weights(window, 6.0, seed, layer) for layer, window in enumerate(windows)]
    params.append(_weights((height * width * channels[-1], DIM), 3.0, seed, len(windows)))
    check = Partial(_check, (None, *shape))
    return from_network(f"random-convolution-{seed}", _features, params, check=check)


def _weights(shape: tuple[int, ...], gain: float, seed: int, layer: int) -> np.ndarray:
    """Return weights of a layer; the last axis is that of the outputs."""
    numbers = uniform(np.arange(math.prod(shape)), (seed << 8) + layer + 1)  # [weight], in (0, 1)
    half = math.sqrt(gain * shape[-1] / math.prod(shape))
    return (half * (2 * numbers - 1)).astype(np.float32).reshape(shape)


def _features(params: PyTree, x: Array) -> Array:
    *kernels, last = params
    x = at_least_float32(x)
    for kernel in kernels:
        x = nn.relu(
            lax.conv_general_dilated(
                x,
                kernel.astype(x.dtype),
                (2, 2),
                "SAME",
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
                precision=lax.Precision.HIGHEST,
            )
        )
    return jnp.matmul(x.reshape(len(x), -1), last, precision=lax.Precision.HIGHEST)


def _check(shape: tuple[int | None, ...], name: str, x: np.ndarray) -> None:
    check_shape(name, x, shape, "images [row, height, width, channel]")
    check_unit_range(name, x)
