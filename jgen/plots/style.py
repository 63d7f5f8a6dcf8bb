"""Define the style of all figures: a colour-blind safe palette, sizes and fonts."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#444444")
"""Colours of Okabe and Ito, without yellow, which is hard to see on white."""
DATA, MODEL, EDGE, MUTED, GRID = "#444444", PALETTE[0], "#003B5C", "#9AA3AC", "#E3E6E9"
"""Colours of data, of the model and its density contours, of secondary marks, and of the grid."""
WIDTH = 6.4
"""Width in inches at which letters stay readable in a page column and on a phone."""
MASSES, GRID_SIZE = (0.95, 0.8, 0.5), 80

TICK = {"labelsize": 9.0, "color": "#6B747D", "labelcolor": "#22272C"}
STYLE: Any = {
    **{f"{axis}tick.{name}": value for axis in "xy" for name, value in TICK.items()},
    "axes.titlesize": 10.5,
    "axes.labelsize": 10.0,
    "legend.fontsize": 9.0,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#6B747D",
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.formatter.limits": (-4, 5),
    "axes.formatter.useoffset": False,
    "lines.linewidth": 1.4,
}
"""Settings that differ from matplotlib's defaults."""


def styled(plot: Callable[P, R]) -> Callable[P, R]:
    """Draw a figure in this style, independent of the matplotlib settings of the user.

    Args:
        plot: A function that makes a figure.

    Returns:
        The same function with this style.

    Example:
        >>> styled(lambda: figure(1, 1, 2.0)[0].get_size_inches()[1].item())()
        2.0
    """

    @functools.wraps(plot)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.style.context(["default", STYLE]):
            return plot(*args, **kwargs)

    return inner


def figure(
    rows: int, columns: int, height: float, width: float = WIDTH, *, shown: int | None = None, **grid: Any
) -> tuple[Figure, np.ndarray]:
    """Make a figure without pyplot, so without global state and nothing to close.

    Args:
        rows: Rows of panels.
        columns: Columns of panels.
        height: Inches.
        width: Inches.
        shown: Number of panels to show; the rest is hidden. None for all.
        **grid: Further arguments of ``Figure.subplots``.

    Returns:
        The figure, and its axes ``[row, column]``.

    Example:
        >>> figure(2, 3, 4.0)[1].shape
        (2, 3)
    """
    made = Figure(figsize=(width, height), layout="constrained")
    axes = made.subplots(rows, columns, squeeze=False, **grid)
    for axis in axes.flat[shown:] if shown is not None else ():
        axis.set_visible(False)
    return made, axes


def grid_shape(count: int, per_row: int) -> tuple[int, int]:
    """Return the rows and columns of a grid of panels.

    Example:
        >>> grid_shape(5, 4), grid_shape(2, 4)
        ((2, 4), (1, 2))
    """
    columns = min(per_row, count)
    return -(-count // columns), columns


def check_titles(titles: Sequence[str] | None, count: int, panels: str) -> None:
    """Check that there is a title for each panel, or none.

    Args:
        titles: The titles, or None.
        count: Number of panels.
        panels: Plural name of the contents of a panel, for the error.

    Raises:
        ValueError: For another number of titles.
    """
    if titles is not None and len(titles) != count:
        raise ValueError(f"there are {len(titles)} titles for {count} {panels}: give one for each")


def set_vertical_range(axis: Any, values: Sequence[float]) -> None:
    """Set the vertical range of a panel to that of the values and a margin of 6 %; none keep it."""
    if len(values):
        margin = 0.06 * (max(values) - min(values)) or 1.0
        axis.set_ylim(min(values) - margin, max(values) + margin)


def matrix(values: Any, name: str, axes: Sequence[str]) -> np.ndarray:
    """Copy an array to the host and check its shape.

    Args:
        values: An array.
        name: Name of the argument, for errors.
        axes: Names of its axes.

    Returns:
        A float64 NumPy array with ``len(axes)`` axes, none of them empty.

    Raises:
        ValueError: For another number of axes, or an empty one.

    Example:
        >>> matrix([[1, 2]], "data", ["n", "dim"]).shape
        (1, 2)
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != len(axes) or array.size == 0:
        wanted = f"[{', '.join(axes)}]"
        raise ValueError(f"{name} has shape {array.shape}: give an array {wanted} with no empty axis")
    return array


def names(labels: Sequence[str] | None, count: int, stem: str = "x") -> list[str]:
    """Return the names of coordinates, with defaults if none are given.

    Args:
        labels: The names, or None.
        count: Number of coordinates.
        stem: First part of default names.

    Returns:
        ``count`` names.

    Raises:
        ValueError: For another number of labels than coordinates.

    Example:
        >>> names(None, 2)
        ['x0', 'x1']
    """
    if labels is None:
        return [f"{stem}{i}" for i in range(count)]
    if len(labels) != count:
        raise ValueError(f"labels has {len(labels)} names for {count} coordinates: give one for each")
    return list(labels)


def highest_density_levels(log_prob: np.ndarray, masses: Sequence[float]) -> np.ndarray:
    """Return the log density at the boundary of the highest-density region of a given mass.

    Args:
        log_prob: Log density on an even grid, any shape.
        masses: Fractions of the mass on the grid, each in (0, 1).

    Returns:
        One level per mass, in the order given.

    Example:
        >>> x = np.linspace(-8.0, 8.0, 4001)
        >>> level = highest_density_levels(-0.5 * x**2, [0.95])
        >>> round(float(np.sqrt(-2.0 * level[0])), 2)
        1.96
    """
    flat = np.sort(np.nan_to_num(log_prob.ravel(), nan=-np.inf))[::-1]
    mass = np.cumsum(np.exp(flat - flat[0]))
    where = np.searchsorted(mass / mass[-1], np.asarray(masses))
    return flat[np.minimum(where, flat.size - 1)]


def contours(
    axis: Any, log_prob: Callable[[np.ndarray], Any], x_ends: tuple[float, float], y_ends: tuple[float, float]
) -> None:
    """Draw the boundaries of the highest-density regions with 50, 80 and 95 % of the mass in a panel.

    Args:
        axis: A matplotlib axis.
        log_prob: Points ``[n, 2]`` -> log density ``[n]``, up to a constant.
        x_ends: Ends of the horizontal axis.
        y_ends: Ends of the vertical axis.

    Raises:
        ValueError: If the log density of points has another shape.
    """
    x, y = np.linspace(*x_ends, GRID_SIZE), np.linspace(*y_ends, GRID_SIZE)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)  # [n, 2]
    grid = np.asarray(log_prob(points), np.float64)
    if grid.shape != (GRID_SIZE**2,):
        raise ValueError(f"the log density of {GRID_SIZE**2} points has shape {grid.shape}: return [n]")
    grid = grid.reshape(GRID_SIZE, GRID_SIZE)  # [y, x]
    levels = highest_density_levels(grid, MASSES)
    if np.all(np.diff(levels) > 0):
        axis.contour(x, y, grid, levels=levels, colors=[EDGE], linewidths=(0.8, 1.1, 1.5), linestyles="solid")
