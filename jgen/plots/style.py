"""One look for every figure: a palette that colour-blind readers can tell apart, sizes and fonts."""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#444444")
"""Okabe and Ito's colours, yellow left out (it vanishes on white)."""
DATA, MODEL, EDGE, MUTED, GRID = "#444444", PALETTE[0], "#003B5C", "#9AA3AC", "#E3E6E9"
"""Data; the model and the edge of its density; what stands back."""
WIDTH = 6.4
"""Inches: what a page column and a phone both show without shrinking the letters away."""
MASSES, GRID_SIZE = (0.95, 0.8, 0.5), 80

STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 10.0,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10.0,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "legend.fontsize": 9.0,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#6B747D",
    "axes.linewidth": 0.8,
    "axes.grid": False,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.formatter.limits": (-4, 5),
    "axes.formatter.useoffset": False,
    "xtick.color": "#6B747D",
    "ytick.color": "#6B747D",
    "xtick.labelcolor": "#22272C",
    "ytick.labelcolor": "#22272C",
    "figure.facecolor": "white",
    "figure.dpi": 100.0,
    "svg.fonttype": "path",
    "lines.linewidth": 1.4,
}


def styled(plot: Callable[P, R]) -> Callable[P, R]:
    """Draws a figure in the house style, whatever the reader's own matplotlib settings are.

    Args:
        plot: A function that makes a figure.

    Returns:
        The same function, run inside the style.

    Example:
        >>> styled(lambda: figure(1, 1, 2.0)[0].get_size_inches()[1].item())()
        2.0
    """

    @functools.wraps(plot)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        import matplotlib

        with matplotlib.rc_context(STYLE):
            return plot(*args, **kwargs)

    return inner


def figure(
    rows: int, columns: int, height: float, width: float = WIDTH, **grid: Any
) -> "tuple[Figure, np.ndarray]":
    """Makes a figure that no global state knows of (no pyplot, so nothing to close).

    Args:
        rows: Rows of panels.
        columns: Columns of panels.
        height: Inches.
        width: Inches.
        **grid: Further arguments of ``Figure.subplots``.

    Returns:
        The figure, and its axes ``[row, column]``.

    Example:
        >>> figure(2, 3, 4.0)[1].shape
        (2, 3)
    """
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    return made, made.subplots(rows, columns, squeeze=False, **grid)


def matrix(values: Any, name: str, axes: Sequence[str]) -> np.ndarray:
    """Takes an array from the device and checks its shape.

    Args:
        values: An array.
        name: What the caller calls it.
        axes: The names of its axes.

    Returns:
        A float64 NumPy array with ``len(axes)`` axes, none of them empty.

    Raises:
        ValueError: It has another number of axes, or an empty one.

    Example:
        >>> matrix([[1, 2]], "data", ["n", "dim"]).shape
        (1, 2)
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != len(axes) or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}: give an array [{', '.join(axes)}] with no empty axis"
        )
    return array


def names(labels: Sequence[str] | None, count: int, stem: str = "x") -> list[str]:
    """The names of some coordinates, made up where none are given.

    Args:
        labels: The names, or None.
        count: How many there must be.
        stem: What made-up names begin with.

    Returns:
        ``count`` names.

    Raises:
        ValueError: There are more or fewer labels than coordinates.

    Example:
        >>> names(None, 2)
        ['x0', 'x1']
    """
    if labels is None:
        return [f"{stem}{i}" for i in range(count)]
    if len(labels) != count:
        raise ValueError(
            f"labels has {len(labels)} names, but there are {count} coordinates: give one for each"
        )
    return list(labels)


def highest_density_levels(log_prob: np.ndarray, masses: Sequence[float]) -> np.ndarray:
    """The log density at the edge of the smallest region that holds a given mass.

    Args:
        log_prob: Log density on an even grid, any shape.
        masses: Shares of the mass on the grid, each in (0, 1).

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
    axis: Any,
    log_prob: Callable[[np.ndarray], Any],
    x_ends: tuple[float, float],
    y_ends: tuple[float, float],
) -> None:
    """Draws the edges of the smallest regions that hold 50, 80 and 95 % of a density's mass in a panel.

    Args:
        axis: A matplotlib axis.
        log_prob: Points ``[n, 2]`` -> log density ``[n]``, up to a constant.
        x_ends: Ends of the panel.
        y_ends: The same, upwards.

    Raises:
        ValueError: If the log density of points is of another shape.
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
