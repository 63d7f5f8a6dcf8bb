"""Define kernels of the squared distance as sums over several length scales."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen._internal.dtypes import at_least_float32
from jgen.types import Array

SCALES = 2 * np.array([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
"""Scales of ``imq`` for one latent under a standard normal prior; for d latents, d times as large."""


def rbf(lengths: Sequence[float] | Array = (0.5, 1.0, 2.0, 4.0)) -> Partial:
    r"""Return a sum of Gaussian kernels, :math:`k(x, y) = \sum_l \exp(-\|x - y\|^2 / 2 l^2)`.

    Args:
        lengths: Length scales l, above 0, ``[length]``.

    Example:
        >>> round(float(rbf([1.0])(2.0)), 4)  # exp(-1)
        0.3679
    """
    return Partial(_rbf, jnp.asarray(lengths, float))


def _rbf(lengths: Array, squared_distance: Array) -> Array:
    scaled = jnp.expand_dims(at_least_float32(squared_distance), -1)
    return jnp.exp(-scaled / jnp.expand_dims(2 * lengths**2, range(scaled.ndim - 1))).sum(-1)


def imq(scales: ArrayLike | Sequence[float] = SCALES) -> Partial:
    r"""Return a sum of inverse multiquadric kernels, :math:`k(x, y) = \sum_c c / (c + \|x - y\|^2)`.

    Their heavy tails give gradients to codes far from the prior. Tolstikhin et al. take
    :math:`c = 2 d\,(0.1, 0.2, 0.5, 1, 2, 5, 10)` for d latents under a standard normal prior: ``d * SCALES``.

    Args:
        scales: Scales c, above 0, ``[scale]``.

    Example:
        >>> float(imq([1.0])(3.0))
        0.25
    """
    return Partial(_imq, jnp.asarray(scales, float))


def _imq(scales: Array, squared_distance: Array) -> Array:
    distance = jnp.expand_dims(at_least_float32(squared_distance), -1)
    scales = jnp.expand_dims(scales, range(distance.ndim - 1))
    return (scales / (scales + distance)).sum(-1)
