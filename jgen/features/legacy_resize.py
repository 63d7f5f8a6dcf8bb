"""Resize images as TensorFlow 1 did, which the published statistics of Inception features rest on."""

import jax.numpy as jnp
import numpy as np

from jgen._internal.dtypes import at_least_float32
from jgen.types import Array


def legacy_resize(x: Array, size: tuple[int, int]) -> Array:
    r"""Resize images bilinearly, with ``align_corners=False`` and no half-pixel centres.

    Pixel i of n, of an axis of m pixels, is read at :math:`s = i m / n` (in float32, as TensorFlow has it):

    .. math:: y_i = x_l + (x_u - x_l) (s - l), \qquad l = \lfloor s \rfloor, \quad u = \min(l + 1, m - 1)

    along the rows, then along the columns. Other resizers read at :math:`(i + 1/2) m / n - 1/2`, or smooth
    before they reduce, and give other features: a Frechet distance of Inception features moves by as much as
    models differ.

    Args:
        x: Images ``[batch, height, width, channel]``.
        size: New height and width.

    Returns:
        Images ``[batch, *size, channel]``, in float32 or wider; of the same size, the same.

    Raises:
        ValueError: For images without four axes, or sizes that are not positive.

    Example:
        >>> legacy_resize(jnp.array([0.0, 4.0]).reshape(1, 1, 2, 1), (1, 4)).ravel().tolist()
        [0.0, 2.0, 4.0, 4.0]

    Reference:
        Parmar, Zhang and Zhu (2022), "On aliased resizing and surprising subtleties in GAN evaluation";
        TensorFlow 1.15, ``core/kernels/image_resizer_state.h`` and ``resize_bilinear_op.cc``.
    """
    if x.ndim != 4 or 0 in x.shape or min(size) < 1:
        raise ValueError(f"give images [batch, height, width, channel] and a size; got {x.shape} and {size}")
    return _along(_along(at_least_float32(x), 2, size[1]), 1, size[0])


def _along(x: Array, axis: int, size: int) -> Array:
    length = x.shape[axis]
    place = np.arange(size, dtype=np.float32) * np.float32(length / size)
    lower = place.astype(np.int32)
    upper = np.minimum(lower + 1, length - 1)
    share = jnp.asarray((place - lower).reshape([-1 if i == axis else 1 for i in range(4)]), x.dtype)
    low, high = jnp.take(x, lower, axis), jnp.take(x, upper, axis)
    return low + (high - low) * share
