"""Plot latent traversals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jgen.plots.image_canvas import paste, pixels
from jgen.plots.style import names, styled


@styled
def traversal(images: Any, values: Any, labels: Sequence[str] | None = None) -> Figure:
    """Draw decoded images as one latent at a time changes: a row per latent, a column per value.

    Args:
        images: ``[latent, value, height, width, channel]``, as for ``image_grid``.
        values: Values of the latent ``[value]``.
        labels: Names of the latents.

    Returns:
        A figure with one panel.

    Raises:
        ValueError: For other shapes, or another number of values or labels than of images.

    Example:
        >>> made = traversal(np.zeros((2, 5, 8, 8, 1)), np.linspace(-2, 2, 5))
        >>> [label.get_text() for label in made.axes[0].get_xticklabels()]
        ['-2', '-1', '0', '1', '2']
    """
    rows = pixels(images, "images", ["latent", "value"])
    heads = [f"{value:.3g}" for value in np.asarray(values, np.float64).ravel()]
    count = rows.shape[1]
    if len(heads) != count:
        raise ValueError(f"there are {len(heads)} values for {count} columns of images: give one for each")
    above = [0.0] + [0.12] * (len(rows) - 1)
    return paste(list(rows), above, labels=names(labels, len(rows), "z"), heads=heads)
