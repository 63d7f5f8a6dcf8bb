"""Plot graphs as nodes and edges."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from scipy.sparse.csgraph import shortest_path

from jgen.plots.style import MODEL, MUTED, PALETTE, WIDTH, check_titles, figure, grid_shape, styled

PER_ROW, NUM_STEPS = 6, 100


@styled
def graphs(
    adjacency: Any,
    nodes: Any = None,
    mask: Any = None,
    *,
    types: Sequence[str] | None = None,
    titles: Sequence[str] | None = None,
) -> Figure:
    """Draw each graph with connected nodes close together; equal graphs look the same.

    Args:
        adjacency: Above 0.5 where two nodes are connected ``[graph, node, node]``.
        nodes: Types of the nodes, whole numbers ``[graph, node]``, shown by colour; None for one type.
        mask: Which nodes are present ``[graph, node]``; None for all.
        types: Name of each type, for a legend.
        titles: Title of each graph.

    Returns:
        A figure with a panel for each graph.

    Raises:
        ValueError: The shapes do not fit together.

    Example:
        >>> ring = np.roll(np.eye(6), 1, axis=1)
        >>> axis = graphs((ring + ring.T)[None]).axes[0]
        >>> len(axis.collections[0].get_paths()), len(axis.collections[1].get_offsets())  # edges, nodes
        (6, 6)

    Reference:
        Gansner, Koren and North (2004), "Graph drawing by stress majorization".
    """
    joined = np.asarray(adjacency) > 0.5
    if joined.ndim != 3 or joined.shape[1] != joined.shape[2] or joined.size == 0:
        raise ValueError(f"adjacency has shape {joined.shape}: give [graph, node, node] with no empty axis")
    shape = joined.shape[:2]
    kinds = np.zeros(shape, int) if nodes is None else np.asarray(nodes)
    present = np.ones(shape, bool) if mask is None else np.asarray(mask, bool)
    if not kinds.shape == present.shape == shape:
        raise ValueError(f"nodes {kinds.shape} and mask {present.shape} must be [graph, node], {shape} here")
    if kinds.dtype.kind not in "iu" or kinds.min() < 0:
        raise ValueError("nodes must hold the types of nodes as whole numbers from 0")
    if types is not None and kinds.max() >= len(types):
        raise ValueError(f"there is a node of type {kinds.max()}, and types has {len(types)} names")
    check_titles(titles, len(joined), "graphs")
    rows, columns = grid_shape(len(joined), PER_ROW)
    side = WIDTH / max(columns, 4)
    height = rows * (side + (0.1 if titles is None else 0.3)) + (0.0 if types is None else 0.35)
    made, axes = figure(rows, columns, height, side * columns, shown=len(joined))
    colors = [MODEL] if nodes is None else [PALETTE[kind % len(PALETTE)] for kind in range(kinds.max() + 1)]
    for i, axis in enumerate(axes.flat[: len(joined)]):
        shown = np.flatnonzero(present[i])
        _draw(axis, joined[i][np.ix_(shown, shown)], [colors[kind] for kind in kinds[i, shown]])
        axis.set_title("" if titles is None else titles[i])
    if types is not None:
        used = np.unique(kinds[present])
        handles = [axes.flat[0].plot([], [], "o", color=colors[kind])[0] for kind in used]
        made.legend(handles, [types[kind] for kind in used], loc="outside lower center", ncols=len(used))
    return made


def layout(joined: np.ndarray) -> np.ndarray:
    r"""Place nodes so that distances in the plane approximate path lengths in the graph.

    Majorization of the stress :math:`\sum_{i<j} d_{ij}^{-2} (\|x_i - x_j\| - d_{ij})^2`, started from
    classical scaling plus a small circle, which separates equivalent nodes. The distance between components
    that are not connected is one more than the longest path.

    Args:
        joined: Whether two nodes are connected, symmetric ``[node, node]``.

    Returns:
        ``[node, 2]``; the centre is 0.

    Example:
        >>> path = np.eye(3, k=1) + np.eye(3, k=-1) > 0
        >>> round(float(np.linalg.norm(np.diff(layout(path)[[0, 2]], axis=0))), 2)
        2.0
    """
    count = len(joined)
    if count < 2:
        return np.zeros((count, 2))
    distance = shortest_path(joined.astype(float), unweighted=True)
    longest = distance[np.isfinite(distance)].max()
    distance = np.where(np.isfinite(distance), distance, longest + 1.0)  # [node, node]
    weight = (1.0 - np.eye(count)) / (distance + np.eye(count)) ** 2
    inverse = np.linalg.pinv(np.diag(weight.sum(1)) - weight)
    x = _start(distance)
    for _ in range(NUM_STEPS):
        current = np.linalg.norm(x[:, None] - x[None], axis=-1) + np.eye(count)
        pull = -weight * distance / np.maximum(current, 1e-9)
        x = inverse @ ((pull - np.diag(pull.sum(1))) @ x)
    return x - x.mean(0)


def _start(distance: np.ndarray) -> np.ndarray:
    count = len(distance)
    centring = np.eye(count) - 1.0 / count
    values, vectors = np.linalg.eigh(-0.5 * centring @ distance**2 @ centring)
    angle = 2 * np.pi * np.arange(count) / count
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    return vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0.0)) + 0.05 * distance.max() * circle


def _draw(axis: Any, joined: np.ndarray, colors: list[str]) -> None:
    x = layout(joined | joined.T)
    x -= (x.min(0, initial=0.0) + x.max(0, initial=0.0)) / 2
    edges = np.argwhere(np.triu(joined | joined.T, 1))
    axis.add_collection(LineCollection(list(x[edges]), colors=MUTED, linewidths=1.0))
    axis.scatter(*x.T, s=26.0, c=colors, edgecolors="white", linewidths=0.6, zorder=2)
    reach = 0.5 + 1.1 * np.abs(x).max(initial=0.0)
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axis.set_axis_off()
