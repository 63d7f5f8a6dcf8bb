"""Draw rows of small images on one canvas, each pixel as a square."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from jgen.plots.style import MUTED, PALETTE, WIDTH, figure

BROKEN = PALETTE[1]
LARGEST = 1.2
"""Largest width in inches of an image and the space beside it."""


def pixels(images: Any, name: str, axes: Sequence[str]) -> np.ndarray:
    """Convert images to red, green and blue on the host.

    Args:
        images: Values in [0, 1], 1 is white; values outside are clipped, NaN is orange.
        name: Name of the argument, for errors.
        axes: The names of the axes before ``height, width, channel``; there are 1 or 3 channels.

    Returns:
        ``[*axes, height, width, 3]``.

    Raises:
        ValueError: For another shape, or an empty axis.

    Example:
        >>> pixels(np.zeros((5, 8, 8, 1)), "images", ["image"]).shape
        (5, 8, 8, 3)
    """
    array = np.asarray(images, dtype=np.float64)
    if array.ndim != len(axes) + 3 or array.shape[-1] not in (1, 3) or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}: give [{', '.join(axes)}, height, width, channel], "
            "with 1 or 3 channels and no empty axis"
        )
    array = np.broadcast_to(array, (*array.shape[:-1], 3))
    return np.where(np.isnan(array).any(-1, keepdims=True), to_rgb(BROKEN), np.clip(array, 0.0, 1.0))


def row_starts(count: int, columns: int) -> range:
    """Return the indices of the first images of the rows.

    Raises:
        ValueError: If ``columns`` is below 1.

    Example:
        >>> list(row_starts(20, 8))
        [0, 8, 16]
    """
    if columns < 1:
        raise ValueError(f"columns is {columns}: give at least 1")
    return range(0, count, columns)


def paste(
    rows: Sequence[np.ndarray],
    above: Sequence[float],
    *,
    labels: Sequence[str] | None = None,
    heads: Sequence[str] | None = None,
    titles: Sequence[Sequence[str]] | None = None,
) -> Figure:
    """Draw rows of images of one size.

    Args:
        rows: Each ``[column, height, width, 3]``; a shorter one is padded at its end.
        above: The space above each row, as a fraction of the height of an image.
        labels: Label at the left of each row.
        heads: Label above each column.
        titles: A title above each image, row by row.

    Returns:
        A figure with one panel, in which a pixel is a unit and the first row is on top.
    """
    height, width = rows[0].shape[1:3]
    gap = max(1, round(width / 12))
    columns = max(map(len, rows))
    spaces = [max(1, round(share * height)) if share else 0 for share in above]
    tops = np.cumsum(spaces) + height * np.arange(len(rows))
    lefts = np.arange(columns) * (width + gap)
    canvas = np.ones((tops[-1] + height, lefts[-1] + width, 3))  # [height, width, 3]
    frames, letters = [], []
    for i, (top, row) in enumerate(zip(tops, rows, strict=True)):
        for j, (left, image) in enumerate(zip(lefts, row, strict=False)):
            canvas[top : top + height, left : left + width] = image
            frames.append(Rectangle((left - 0.5, top - 0.5), width, height))
            if titles is not None:
                letters.append((left + (width - 1) / 2, top - 0.5 - 0.06 * height, titles[i][j]))
    beside = 0.3 + 0.08 * max(map(len, labels)) if labels else 0.0
    inches = min(WIDTH - beside, LARGEST * columns)
    over = 0.1 if heads is None else 0.3
    made, [[axis]] = figure(1, 1, over + inches * canvas.shape[0] / canvas.shape[1], beside + inches)
    axis.imshow(canvas, interpolation="nearest", vmin=0.0, vmax=1.0)
    frame: Any = {"facecolor": "none", "edgecolor": MUTED, "linewidth": 0.5, "clip_on": False}
    axis.add_collection(PatchCollection(frames, **frame))
    for x, y, title in letters:
        axis.text(x, y, title, ha="center", va="bottom", fontsize=8)
    axis.set_anchor("E")
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0, top=False, labeltop=heads is not None, bottom=False, labelbottom=False)
    axis.set_xticks(lefts + (width - 1) / 2 if heads is not None else [], heads or [])
    axis.set_yticks(tops + (height - 1) / 2 if labels is not None else [], labels or [])
    return made
