"""Plot solids on a voxel grid in isometric view."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from jgen.plots.style import GRID, MODEL, MUTED, WIDTH, check_titles, figure, grid_shape, styled

PER_ROW = 4
SHADES = np.array([[0.12], [-0.18], [0.5]])
"""Lightening (or darkening) of the faces towards +x, +y and +z."""
RIGHT, UP = np.array([-0.8660254, 0.8660254, 0.0]), np.array([-0.5, -0.5, 1.0])
"""Isometric directions of the axes x, y and z in the plane, for a viewer far along (1, 1, 1)."""


@styled
def voxels(occupancy: Any, titles: Sequence[str] | None = None, *, threshold: float = 0.5) -> Figure:
    """Draw each solid as cubes over its shadow on the plane z = 0.

    Args:
        occupancy: ``[solid, x, y, z]``, or with a last axis of one channel: 0 or 1, or probabilities.
        titles: Title of each solid.
        threshold: A voxel is drawn if its occupancy is above this value.

    Returns:
        A figure with a panel for each solid.

    Raises:
        ValueError: For another shape, or another number of titles than solids.

    Example:
        >>> grid = np.zeros((2, 4, 4, 4))
        >>> grid[0, 1, 2, 0] = 1.0
        >>> lines, shadow, solid = voxels(grid).axes[0].collections
        >>> len(shadow.get_paths()), len(solid.get_paths())  # one square, and three visible faces
        (1, 3)
    """
    array = np.asarray(occupancy, np.float64)
    array = array[..., 0] if array.ndim == 5 and array.shape[-1] == 1 else array
    if array.ndim != 4 or array.size == 0:
        raise ValueError(f"occupancy has shape {array.shape}: give [solid, x, y, z] with no empty axis")
    check_titles(titles, len(array), "solids")
    rows, columns = grid_shape(len(array), PER_ROW)
    side = WIDTH / PER_ROW
    height = rows * (side + (0.1 if titles is None else 0.35))
    made, axes = figure(rows, columns, height, side * columns, shown=len(array))
    for i, (axis, solid) in enumerate(zip(axes.flat, array > threshold, strict=False)):
        _draw(axis, solid)
        axis.set_title("" if titles is None else titles[i])
    return made


def faces(solid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the faces of a solid towards the viewer that no adjacent voxel covers.

    Args:
        solid: Which voxels are occupied ``[x, y, z]``.

    Returns:
        The voxel of each face ``[face, 3]``, and the axis of its normal ``[face]``, the nearest to the viewer
        last.

    Example:
        >>> cells, directions = faces(np.ones((2, 3, 4), bool))
        >>> np.bincount(directions).tolist()
        [12, 8, 6]
    """
    beyond = [np.roll(np.pad(solid, 1), -1, axis)[1:-1, 1:-1, 1:-1] for axis in range(3)]
    found = np.argwhere(np.stack([solid & ~voxel for voxel in beyond], -1))  # [face, x y z axis]
    found = found[np.argsort(found[:, :3].sum(1), kind="stable")]
    return found[:, :3], found[:, 3]


def _draw(axis: Any, solid: np.ndarray) -> None:
    """Draw one panel; ``solid [x, y, z]``."""
    size = np.array(solid.shape)
    rim = size * [[1, 0, 0], [1, 1, 0], [0, 1, 0]]
    lines = [_project(rim), *(_project(np.stack([0 * size, size * unit])) for unit in np.eye(3))]
    axis.add_collection(LineCollection(lines, colors=MUTED, linewidths=0.7, zorder=0))
    for name, unit in zip("xyz", np.eye(3), strict=True):
        place = _project(1.08 * size * unit)
        axis.text(*place, name, ha="center", va="center", color=MUTED, fontsize=7)
    below = np.argwhere(solid.any(2, keepdims=True))  # [square, 3]
    shadow = list(_project(_squares(below, np.full(len(below), 2), 0)))
    axis.add_collection(PolyCollection(shadow, facecolor=GRID, edgecolor=GRID, linewidth=0.3, zorder=1))
    cells, directions = faces(solid)
    plain = np.array(to_rgb(MODEL))
    color = (plain + abs(SHADES) * ((SHADES > 0) - plain))[directions]  # [face, 3]
    drawn = list(_project(_squares(cells, directions, 1)))
    axis.add_collection(
        PolyCollection(drawn, facecolor=color, edgecolor=0.8 * color, linewidth=0.3, zorder=2)
    )
    corners = _project(size * np.stack(np.meshgrid(*3 * [[0, 1.08]], indexing="ij"), -1).reshape(-1, 3))
    (left, low), (right, high) = corners.min(0), corners.max(0)
    axis.set(xlim=(left, right), ylim=(low, high), aspect="equal")
    axis.set_axis_off()


def _squares(cells: np.ndarray, directions: np.ndarray, side: int) -> np.ndarray:
    """Return corners ``[cell, 4, 3]`` of the low or high (0 or 1) side of cubes along a direction of each."""
    around = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    corners = np.stack([np.insert(around, axis, side, 1) for axis in range(3)])  # [direction, 4, 3]
    return cells[:, None] + corners[directions]


def _project(points: np.ndarray) -> np.ndarray:
    """Project points ``[..., 3]`` to the plane ``[..., 2]``."""
    return np.stack([points @ RIGHT, points @ UP], -1)
