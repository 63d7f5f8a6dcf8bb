"""Plot data and the fitted density, two coordinates at a time."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jgen.plots.style import DATA, EDGE, MODEL, PALETTE, WIDTH, contours, figure, matrix, names, styled

MarginalLogProb = Callable[[tuple[int, ...], np.ndarray], Any]
"""``(dims, points [n, len(dims)]) -> log density [n]`` of the marginal over the coordinates ``dims``."""


@styled
def pair_plot(
    data: Any,
    draws: Any = None,
    marginal_log_prob: MarginalLogProb | None = None,
    labels: Sequence[str] | None = None,
    groups: Any = None,
) -> Figure:
    """Draw data below the diagonal, draws of the model above, marginals on it.

    Contours bound the highest-density regions with 50, 80 and 95 % of the mass of the model, found on a
    grid over the panel.

    Args:
        data: Observations ``[n, dim]``, two to eight coordinates.
        draws: Draws of the model ``[m, dim]``; None leaves the upper panels out.
        marginal_log_prob: ``(dims, points [n, len(dims)]) -> log density [n]``, called for each pair and
            each single coordinate; None draws no density.
        labels: Names of the coordinates.
        groups: Group of each observation, small integers ``[n]``, shown by colour; None for one group.

    Returns:
        A figure with ``dim * dim`` panels.

    Raises:
        ValueError: If shapes do not match, there is nothing to draw, or there are fewer than two or more
            than eight coordinates.

    Example:
        >>> data = np.random.default_rng(0).normal(size=(50, 2))
        >>> len(pair_plot(data, labels=["width", "length"]).axes)
        4
    """
    data = matrix(data, "data", ["n", "dim"])
    dim = data.shape[1]
    if not 2 <= dim <= 8:
        raise ValueError(f"data has {dim} coordinates: choose two to eight of them")
    titles = names(labels, dim)
    model = None if draws is None else matrix(draws, "draws", ["m", "dim"])
    if model is not None and model.shape[1] != dim:
        raise ValueError(f"draws has {model.shape[1]} coordinates and data {dim}: they must agree")
    kinds = np.zeros(len(data), int) if groups is None else np.asarray(groups)
    if kinds.shape != (len(data),):
        raise ValueError(f"groups has shape {kinds.shape}: give one integer for each of {len(data)} rows")
    color = DATA if groups is None else [PALETTE[1 + int(k) % (len(PALETTE) - 1)] for k in kinds]

    side = max(WIDTH, 1.75 * dim)
    made, axes = figure(dim, dim, side, side)
    ranges = [_range(data[:, i]) for i in range(dim)]
    for (row, column), axis in np.ndenumerate(axes):
        if row == column:
            _diagonal(axis, row, data, model, marginal_log_prob, ranges[row])
        elif row > column or model is not None:
            points, tint = (data, color) if row > column or model is None else (model, MODEL)
            size = float(np.clip(4000.0 / len(points), 1.5, 14.0))
            axis.scatter(points[:, column], points[:, row], s=size, c=tint, alpha=0.55, linewidths=0)
            if marginal_log_prob is not None:
                log_prob = functools.partial(marginal_log_prob, (column, row))
                contours(axis, log_prob, ranges[column], ranges[row])
            axis.set_ylim(*ranges[row])
        else:
            axis.set_visible(False)
        axis.set_xlim(*ranges[column])
        axis.locator_params(nbins=4)
        axis.tick_params(labelbottom=row == dim - 1, labelleft=column == 0 and row > 0)
        axis.set(xlabel=titles[column] if row == dim - 1 else "", ylabel="" if column else titles[row])
    made.align_labels()
    return made


def _range(values: np.ndarray) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        raise ValueError("a coordinate of data holds no finite value: leave it out")
    margin = 0.12 * float(np.ptp(finite)) or 1.0
    return float(finite.min()) - margin, float(finite.max()) + margin


def _diagonal(
    axis: Any, i: int, data: Any, model: Any, log_prob: MarginalLogProb | None, ends: tuple[float, float]
) -> None:
    bins = np.linspace(*ends, 25)
    axis.hist(data[:, i], bins=bins, density=True, color=DATA, alpha=0.35)
    if model is not None:
        axis.hist(model[:, i], bins=bins, density=True, histtype="step", color=MODEL, alpha=0.8)
    if log_prob is not None:
        x = np.linspace(*ends, 200)
        axis.plot(x, np.exp(np.asarray(log_prob((i,), x[:, None]))), color=EDGE, linewidth=1.8)
    axis.spines["left"].set_visible(False)
    axis.tick_params(left=False)
