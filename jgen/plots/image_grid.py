"""Plot images in rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jgen.plots.image_canvas import paste, pixels, row_starts
from jgen.plots.style import check_titles, styled

LEAST_COLUMNS = 8


@styled
def image_grid(images: Any, titles: Sequence[str] | None = None, *, columns: int | None = None) -> Figure:
    """Draw images in the order given, row by row.

    Args:
        images: ``[image, height, width, channel]``, one channel or red, green and blue, in [0, 1]; 1 is
            white, NaN orange.
        titles: Title above each image.
        columns: Images in a row; None for 8, or more for a square.

    Returns:
        A figure with one panel.

    Raises:
        ValueError: For another shape, another number of titles than images, or no columns.

    Example:
        >>> made = image_grid(np.random.default_rng(0).uniform(size=(20, 8, 8, 1)))
        >>> made.axes[0].images[0].get_array().shape  # 3 rows of 8 images of 8 x 8, and the gaps between them
        (26, 71, 3)
    """
    shown = pixels(images, "images", ["image"])
    check_titles(titles, len(shown), "images")
    per_row = max(LEAST_COLUMNS, int(np.ceil(np.sqrt(len(shown))))) if columns is None else columns
    starts = row_starts(len(shown), per_row)
    rows = [shown[i : i + per_row] for i in starts]
    texts = None if titles is None else [list(titles[i : i + per_row]) for i in starts]
    above = [0.4 if titles is not None else 0.12 if start else 0.0 for start in starts]
    return paste(rows, above, titles=texts)
