"""Plot a table of samplers as bars."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jgen.plots.style import DATA, PALETTE, WIDTH, figure, grid_shape, styled


@styled
def sampler_bars(
    rows: Sequence[Mapping[str, Any]],
    *,
    name: str = "sampler",
    columns: Sequence[str] | None = None,
    reference: Mapping[str, float] | None = None,
) -> Figure:
    """Draw one panel per column of numbers and one bar per sampler, with its value.

    A panel is logarithmic if its positive values span more than a factor of 30. A value that is
    missing, NaN or infinite shows as "none" instead of a bar.

    Args:
        rows: One mapping per sampler: its name, and its numbers.
        name: The column of the name of the sampler.
        columns: Columns to draw; None for every column with a number.
        reference: Column -> a value, drawn as a dashed line (2 for an error in MCSEs).

    Returns:
        A figure with one panel per column.

    Raises:
        ValueError: If there is no row, a row has no name, or no column has a number.

    Example:
        >>> rows = [{"sampler": "nuts", "ESS/gradient": 0.2}, {"sampler": "hmc", "ESS/gradient": 0.1}]
        >>> [float(bar.get_width()) for bar in sampler_bars(rows).axes[0].patches]
        [0.2, 0.1]
    """
    if not rows or any(name not in row for row in rows):
        raise ValueError(f"rows has {len(rows)} rows: give at least one, each with a column {name!r}")
    found = dict.fromkeys(column for row in rows for column in row if column != name)
    chosen = [c for c in found if np.isfinite(_numbers(rows, c)).any()] if columns is None else list(columns)
    unknown = [column for column in chosen if column not in found]
    if not chosen or unknown:
        given = ", ".join(found) or "none"
        raise ValueError(f"no numbers under {unknown or 'any column'}: the columns given are {given}")
    lines, per_row = grid_shape(len(chosen), 3)
    height, width = lines * (0.75 + 0.3 * len(rows)), max(WIDTH, 2.4 * per_row + 0.8)
    made, axes = figure(lines, per_row, height, width, shown=len(chosen), sharey=True)
    for i, (axis, column) in enumerate(zip(axes.flat, chosen, strict=False)):
        _bars(axis, _numbers(rows, column), PALETTE[i % len(PALETTE)])
        axis.set_title(column, loc="left")
        if reference and column in reference:
            axis.axvline(reference[column], color=DATA, linestyle="--", linewidth=1.2)
    axes[0, 0].set_yticks(np.arange(len(rows)), [str(row[name]) for row in rows])
    axes[0, 0].set_ylim(len(rows) - 0.4, -0.6)
    return made


def _numbers(rows: Sequence[Mapping[str, Any]], column: str) -> np.ndarray:
    cells = [np.asarray(row.get(column)) for row in rows]
    return np.array([float(x) if x.ndim == 0 and x.dtype.kind in "iuf" else np.nan for x in cells])  # [row]


def _short(value: float) -> str:
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * unit or (abs(value) >= unit and unit > 1e3):
            return f"{value / unit:.3g}{letter}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _bars(axis: Any, values: np.ndarray, color: str) -> None:
    """Draw one panel; ``values [row]``."""
    finite = np.isfinite(values)
    positive = values[finite & (values > 0)]
    log = positive.size == finite.sum() and positive.size > 0 and positive.max() > 30 * positive.min()
    if log:
        axis.set_xscale("log")
        axis.set_xlim(positive.min() / 3.0, positive.max() * 12.0)
    elif finite.any():
        low, high = min(values[finite].min(), 0.0), max(values[finite].max(), 0.0)
        axis.set_xlim(1.4 * low, 1.4 * high if high > low else 1.0)
    axis.barh(np.arange(values.size)[finite], values[finite], height=0.66, color=color)
    style = {"va": "center", "fontsize": 9, "color": DATA, "textcoords": "offset points", "xytext": (4, 0)}
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    for row, value in enumerate(values):
        beside = value if finite[row] and value > 0 else (0.0 if not log else axis.get_xlim()[0])
        axis.annotate(_short(value) if finite[row] else "none", (beside, row), bbox=box, **style)
    axis.tick_params(axis="y", length=0)
    axis.xaxis.set_major_formatter(lambda value, _: _short(value))
    axis.locator_params(axis="x", **({"numticks": 4} if log else {"nbins": 4}))
