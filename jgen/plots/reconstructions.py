"""Plot images and their reconstructions."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from jgen.plots.image_canvas import paste, pixels, row_starts
from jgen.plots.style import styled


@styled
def reconstructions(originals: Any, reconstructed: Any, *, columns: int = 12) -> Figure:
    """Draw each original, and below it its reconstructions by one or several models.

    Args:
        originals: ``[image, height, width, channel]``, as for ``image_grid``.
        reconstructed: The same images, reconstructed; or model -> the same images.
        columns: Images in a row.

    Returns:
        A figure with one panel.

    Raises:
        ValueError: For other shapes, or no columns.

    Example:
        >>> import numpy as np
        >>> images = np.random.default_rng(0).uniform(size=(20, 8, 8, 1))
        >>> made = reconstructions(images, {"linear": images, "deep": images})
        >>> [label.get_text() for label in made.axes[0].get_yticklabels()]
        ['original', 'linear', 'deep', 'original', 'linear', 'deep']
    """
    models = reconstructed if isinstance(reconstructed, Mapping) else {"decoded": reconstructed}
    series = {"original": originals, **models}
    series = {name: pixels(images, name, ["image"]) for name, images in series.items()}
    shapes = {name: images.shape for name, images in series.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"originals and reconstructions have other shapes, {shapes}: give the same images")
    blocks = row_starts(len(series["original"]), columns)
    rows = [images[start : start + columns] for start in blocks for images in series.values()]
    above = [0.12 if place else 0.5 if start else 0.0 for start in blocks for place in range(len(series))]
    return paste(rows, above, labels=list(series) * len(blocks))
