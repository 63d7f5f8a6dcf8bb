"""Extract features of images by DINOv2."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.binding import bind_static
from jgen._internal.dtypes import at_least_float32
from jgen.features.dinov2 import SIZES, DINOv2, shapes_of
from jgen.features.extractor import Extractor, from_network
from jgen.features.input_checks import check_colour_images
from jgen.types import Array, PyTree

BATCH_SIZE = 32
"""Images that pass through at a time."""
NAMES = {DINOv2(**options): f"dinov2-vit-{size}14" for size, options in SIZES.items()}


def dinov2_features(
    params: PyTree, *, module: DINOv2, side: int = 224, batch_size: int = BATCH_SIZE
) -> Extractor:
    """Return the extractor of DINOv2's class token, such as "dinov2-vit-l14".

    Images of any size are resized to squares by Pillow's bicubic filter (which smooths before it reduces)
    and clipped to [0, 1], without rounding to bytes: as Stein et al. (2023) do, who use the size l.

    Args:
        params: Parameters, as ``load_dinov2`` returns them.
        module: Their network, as ``dinov2("l")``.
        side: Height and width to which images are resized, a multiple of 14; another than 224 is in the name.
        batch_size: Images that pass through at a time.

    Returns:
        Images ``[row, height, width, 3]``, in bytes or in floats in [0, 1], to features ``[row, dim]``.

    Raises:
        ValueError: If the parameters are not those of the network, or for a side or batch size that it cannot
            have; the extractor raises it for images of another shape, type or range.

    Example:
        >>> from jgen.features.dinov2 import dinov2
        >>> dinov2_features({}, module=dinov2("s"))
        Traceback (most recent call last):
        ValueError: params are not those of this DINOv2: take those of load_dinov2
    """
    if side < 1 or side % module.patch:
        raise ValueError(f"side must be a positive multiple of {module.patch}; got {side}")
    if jax.tree.map(np.shape, params) != jax.tree.map(lambda leaf: leaf.shape, shapes_of(module)):
        raise ValueError("params are not those of this DINOv2: take those of load_dinov2")
    name = NAMES.get(module, f"dinov2 of {module.depth} blocks of {module.dim}")
    name += "" if side == 224 else f", {side} pixels"
    apply = bind_static(_compute, module=module, side=side)
    return from_network(name, apply, params, check=check_colour_images, batch_size=batch_size)


def _compute(params: PyTree, x: Array, *, module: DINOv2, side: int) -> Array:
    x = at_least_float32(x) / (255 if x.dtype == jnp.uint8 else 1)
    tokens: Any = module.apply({"params": params}, bicubic(x, side))
    return tokens


def bicubic(x: Array, side: int) -> Array:
    """Resize images ``[batch, height, width, 3]`` to squares as Pillow does, and clip them to [0, 1]."""
    shape, precision = (len(x), side, side, 3), jax.lax.Precision.HIGHEST
    return jax.image.resize(x, shape, "cubic", antialias=True, precision=precision).clip(0, 1)
