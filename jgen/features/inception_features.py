"""Extract features and probabilities of images by Inception-v3, for FID, KID and the Inception Score."""

from typing import Any

import flax.linen as nn
import jax
import numpy as np

from jgen._internal.binding import bind_static
from jgen.features.extractor import Extractor, from_network
from jgen.features.inception_v3 import InceptionV3, shapes_of
from jgen.features.input_checks import check_colour_images
from jgen.types import Array, PyTree

BATCH_SIZE = 32
"""Images that pass through at a time."""
FID_NETWORK = InceptionV3()


def inception_features(
    params: PyTree, *, module: InceptionV3 = FID_NETWORK, batch_size: int = BATCH_SIZE
) -> Extractor:
    """Return the extractor "inception-v3", whose Frechet distance is the FID.

    Args:
        params: Parameters, as ``load_inception_v3`` returns them.
        module: The network; any but FID's has another name than "inception-v3".
        batch_size: Images that pass through at a time.

    Returns:
        Images ``[row, height, width, 3]``, in bytes or in floats in [0, 1], to features ``[row, 2048]``.

    Raises:
        ValueError: If the parameters are not those of the network, or the batch size is below 1; the
            extractor raises it for images of another shape, type or range.

    Example:
        >>> inception_features({})
        Traceback (most recent call last):
        ValueError: params are not those of this InceptionV3: take those of load_inception_v3
    """
    return _extractor("inception-v3", params, module, "features", batch_size)


def inception_probabilities(
    params: PyTree, *, module: InceptionV3 = FID_NETWORK, batch_size: int = BATCH_SIZE
) -> Extractor:
    """Return the extractor of the probabilities of Inception's labels, for the Inception Score.

    They are the softmax of all 1,008 logits without the bias of the last layer: so the first implementation
    computed it, and so do the published scores. The score with the bias is another number.

    Args:
        params: As for ``inception_features``.
        module: As there.
        batch_size: As there.

    Returns:
        Images ``[row, height, width, 3]`` to probabilities ``[row, 1008]``.

    Raises:
        ValueError: As there.
    """
    return _extractor("inception-v3-probabilities", params, module, "logits_unbiased", batch_size)


def _extractor(name: str, params: PyTree, module: InceptionV3, output: str, batch_size: int) -> Extractor:
    wanted = jax.tree.map(lambda leaf: leaf.shape, shapes_of(module))
    if jax.tree.map(np.shape, params) != wanted:
        raise ValueError("params are not those of this InceptionV3: take those of load_inception_v3")
    if module != FID_NETWORK:
        name += f" of {module.num_labels} labels, reduction {module.reduction}, side {module.side}"
    apply = bind_static(_compute, module=module, output=output)
    return from_network(name, apply, params, check=check_colour_images, batch_size=batch_size)


def _compute(params: PyTree, x: Array, *, module: InceptionV3, output: str) -> Array:
    value: Any = getattr(module.apply({"params": params}, x), output)
    return value if output == "features" else nn.softmax(value)
