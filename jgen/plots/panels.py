"""Plot several samples of one density in the plane, each in a panel."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jgen.plots.style import MODEL, WIDTH, contours, figure, grid_shape, matrix, styled

MAX_POINTS = 2000
PER_ROW = 4


@styled
def panels(
    samples: Mapping[str, Any],
    log_prob: Callable[[np.ndarray], Any],
    ends: tuple[float, float],
    notes: Mapping[str, str] | None = None,
) -> Figure:
    r"""Draw each sample as points over the contours of the target density.

    Args:
        samples: Name -> points ``[n, 2]``; of more than 2000 points, 2000 evenly spaced ones are shown.
        log_prob: Points ``[n, 2]`` -> log density ``[n]``, up to a constant.
        ends: Ends of both axes.
        notes: Name -> second line of the title.

    Returns:
        A figure with a panel for each sample, in the order given.

    Raises:
        ValueError: If there is no sample, or one is not ``[n, 2]``.

    Example:
        >>> points = np.random.default_rng(0).normal(size=(50, 2))
        >>> made = panels({"exact": points}, lambda x: -0.5 * (x**2).sum(-1), (-4, 4), {"exact": "50 draws"})
        >>> made.axes[0].get_title()
        'exact\n50 draws'
    """
    if not samples:
        raise ValueError("samples is empty: give at least one")
    rows, columns = grid_shape(len(samples), PER_ROW)
    width = max(WIDTH, 2.1 * columns)
    height = rows * (width / columns + 0.35)
    made, axes = figure(rows, columns, height, width, shown=len(samples), sharex=True, sharey=True)
    for axis, (name, points) in zip(axes.flat, samples.items(), strict=False):
        points = matrix(points, name, ["n", "2"])
        if points.shape[1] != 2:
            raise ValueError(f"{name} has {points.shape[1]} coordinates: choose the two to be drawn")
        shown = points[np.linspace(0, len(points) - 1, min(len(points), MAX_POINTS)).astype(int)]
        contours(axis, log_prob, ends, ends)
        axis.scatter(*shown.T, s=5.0, c=MODEL, alpha=0.5, linewidths=0)
        axis.set(xlim=ends, ylim=ends, aspect="equal")
        axis.set_title("\n".join([name, *([notes[name]] if notes and name in notes else [])]))
        axis.locator_params(nbins=5)
    return made
