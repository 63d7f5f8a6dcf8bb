"""Kernels of the squared distance, as sums over several lengths, so that one of them fits."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen.types import Array

SCALES = 2 * np.array([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
"""Of ``imq`` for one latent under a standard normal prior; d latents ask for d times as much."""


def rbf(lengths: Sequence[float] | Array = (0.5, 1.0, 2.0, 4.0)) -> Partial:
    r"""Gaussian kernels, :math:`k(x, y) = \sum_l \exp(-\|x - y\|^2 / 2 l^2)`.

    Args:
        lengths: Their length scales, above 0, ``[length]``.

    Example:
        >>> round(float(rbf([1.0])(2.0)), 4)  # exp(-1)
        0.3679
    """
    return Partial(_rbf, jnp.asarray(lengths, float))


def _rbf(lengths: Array, squared_distance: Array) -> Array:
    scaled = jnp.expand_dims(jnp.asarray(squared_distance), -1)
    return jnp.exp(-scaled / jnp.expand_dims(2 * lengths**2, range(scaled.ndim - 1))).sum(-1)


def imq(scales: ArrayLike | Sequence[float] = SCALES) -> Partial:
    r"""Inverse multiquadrics, :math:`k(x, y) = \sum_c c / (c + \|x - y\|^2)`.

    Their tails are heavy, so that a code far from the prior is still pulled. Tolstikhin et al. take
    :math:`c = 2 d\,(0.1, 0.2, 0.5, 1, 2, 5, 10)` for d latents under a standard normal prior: ``d * SCALES``.

    Args:
        scales: c, above 0, ``[scale]``.

    Example:
        >>> float(imq([1.0])(3.0))
        0.25
    """
    return Partial(_imq, jnp.asarray(scales, float))


def _imq(scales: Array, squared_distance: Array) -> Array:
    distance = jnp.expand_dims(jnp.asarray(squared_distance), -1)
    scales = jnp.expand_dims(scales, range(distance.ndim - 1))
    return (scales / (scales + distance)).sum(-1)
