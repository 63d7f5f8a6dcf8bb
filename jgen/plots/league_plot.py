"""Plot several models by several metrics, beside what a perfect model reads."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jgen.plots.style import DATA, GRID, MODEL, MUTED, WIDTH, figure, grid_shape, styled
from jgen.types import Result

PER_ROW, RATIO = 3, 10.0
"""Panels of a row; ratio of the largest value to the median, from which on a panel is logarithmic."""


@styled
def league_plot(results: Mapping[str, Mapping[str, Result]]) -> Figure:
    """Draw a panel for each metric: a point and an interval for each model, over the band of its null.

    The band is the range of 95 % of readings of a perfect model, its line the expected one. Flagged results
    are hollow; a value that is NaN shows as a dash.

    Args:
        results: Metric -> model -> result with a scalar value; models may be missing.

    Returns:
        A figure, models along the left in order of first appearance, first on top.

    Raises:
        ValueError: There is nothing to draw.

    Example:
        >>> null = Result(0.0, -0.1, 0.1, 100, "splits", {})
        >>> made = league_plot({"MMD": {"vae": Result(0.5, 0.4, 0.6, 100, "U", {}, null=null)}})
        >>> made.axes[0].get_title(loc="left"), [x.get_text() for x in made.axes[0].get_yticklabels()]
        ('MMD', ['vae'])
    """
    models = list(dict.fromkeys(model for column in results.values() for model in column))
    if not models:
        raise ValueError("results is empty: give at least one metric with one model -> Result")
    lines, per_row = grid_shape(len(results), PER_ROW)
    height, width = lines * (0.7 + 0.24 * len(models)), max(WIDTH, 2.5 * per_row + 0.8)
    made, axes = figure(lines, per_row, height, width, shown=len(results), sharey=True)
    for axis, (metric, column) in zip(axes.flat, results.items(), strict=False):
        _panel(axis, models, column)
        axis.set_title(metric, loc="left")
    axes[0, 0].set_yticks(range(len(models)), models)
    axes[0, 0].set_ylim(len(models) - 0.5, -0.5)
    return made


def _panel(axis: Any, models: list[str], column: Mapping[str, Result]) -> None:
    """Draw one metric."""
    drawn: list[float] = []
    values: list[float] = []
    for result in column.values():
        if result.null is not None:
            value, low, high = map(float, result.null[:3])
            if low < high:
                axis.axvspan(low, high, color=GRID, linewidth=0, zorder=0)
            axis.axvline(value, color=DATA, linestyle="--", linewidth=1.0, zorder=1)
    for row, model in enumerate(models):
        if model not in column:
            continue
        value, low, high = map(float, column[model][:3])
        if not np.isfinite(value):
            axis.text(0.02, row, "-", transform=axis.get_yaxis_transform(), va="center", color=DATA)
            continue
        values.append(value)
        drawn += [end for end in (value, low, high) if np.isfinite(end)]
        axis.hlines(row, low, high, color=MODEL, linewidth=2.0)
        face = "white" if column[model].flags else MODEL
        axis.plot(value, row, "o", color=MODEL, markersize=5, markerfacecolor=face)
    axis.margins(x=0.08)
    if not drawn:
        axis.set_xticks([])
    elif max(map(abs, drawn)) > RATIO * (typical := float(np.median(np.abs(values)))) > 0:
        _symmetric_log(axis, typical)
    else:
        axis.locator_params(axis="x", nbins=4)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", color=MUTED, alpha=0.25)


def _symmetric_log(axis: Any, linear: float) -> None:
    """Make the horizontal axis logarithmic beyond a value on both sides of 0, with ticks at powers of ten."""
    axis.set_xscale("symlog", linthresh=linear)
    axis.minorticks_off()
    low, high = axis.get_xlim()
    first, last = np.ceil(np.log10(linear)), np.log10(max(-low, high))
    powers = 10.0 ** np.arange(first, last + 1e-9)
    ticks = np.concatenate([-powers, [0.0], powers])
    axis.set_xticks(ticks[(low <= ticks) & (ticks <= high)])
