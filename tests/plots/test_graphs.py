"""Check the layout of graphs and what is drawn of them."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from jgen import plots
from jgen.plots.graphs import layout
from jgen.plots.style import PALETTE


def ring(count):
    shifted = np.roll(np.eye(count), 1, 0) > 0
    return shifted | shifted.T


@pytest.mark.parametrize("count", [3, 4, 5, 8])
def test_a_ring_is_a_regular_polygon(count):
    x = layout(ring(count))
    side = np.linalg.norm(x - np.roll(x, 1, 0), axis=1)
    np.testing.assert_allclose(side, side[0], rtol=1e-3)  # the error after a hundred steps
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), side[0] / 2 / np.sin(np.pi / count), rtol=1e-3)


def test_a_path_is_straight_and_has_its_length():
    path = np.eye(6, k=1) + np.eye(6, k=-1) > 0
    wanted = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    x = layout(path)
    np.testing.assert_allclose(np.linalg.norm(x[:, None] - x[None], axis=-1), wanted, atol=0.05)


def side(a, b, c):
    return np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def crosses(p, q, r, s):
    return side(p, q, r) * side(p, q, s) < 0 and side(r, s, p) * side(r, s, q) < 0


def test_rings_with_branches_are_drawn_without_crossings():
    for count, branches in itertools.product((4, 5, 6, 7), ((), (0,), (0, 1, 3), range(4))):
        joined = np.zeros((count + len(branches),) * 2, bool)
        joined[:count, :count] = ring(count)
        for i, place in enumerate(branches):
            joined[place, count + i] = joined[count + i, place] = True
        x, edges = layout(joined), np.argwhere(np.triu(joined))
        for (a, b), (c, d) in itertools.combinations(edges, 2):
            assert not crosses(x[a], x[b], x[c], x[d])


def test_components_do_not_overlap():
    joined = np.zeros((9, 9), bool)
    joined[:4, :4] = joined[4:8, 4:8] = ring(4)
    x = layout(joined)
    distance = np.linalg.norm(x[:, None] - x[None], axis=-1)
    assert distance[~np.eye(9, dtype=bool)].min() > 0.5
    assert distance[:4, 4:].min() > distance[0, 1]


def nodes_of(axis):
    return axis.collections[1].get_offsets()


def test_the_edges_and_types_of_present_nodes_are_drawn():
    joined = np.zeros((2, 5, 5))
    joined[0, :4, :4] = ring(4)
    joined[1, 0, 1] = joined[1, 1, 0] = 0.9
    joined[1, 1, 2] = joined[1, 2, 1] = 0.4
    nodes = np.array([[1, 2, 1, 2, 0], [2, 2, 1, 0, 0]])
    figure = plots.graphs(joined, nodes, nodes > 0, types=("none", "carbon", "oxygen"))
    counts = [(len(axis.collections[0].get_paths()), len(nodes_of(axis))) for axis in figure.axes]
    assert counts == [(4, 4), (1, 3)]
    wanted = [to_rgba(PALETTE[kind]) for kind in (2, 2, 1)]
    np.testing.assert_array_equal(figure.axes[1].collections[1].get_facecolor(), wanted)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["carbon", "oxygen"]
    same = plots.graphs(joined, nodes, nodes > 0)
    np.testing.assert_array_equal(nodes_of(same.axes[0]), nodes_of(figure.axes[0]))
    few = plots.graphs(np.zeros((2, 3, 3)), mask=[[0, 0, 0], [0, 1, 0]])
    assert [nodes_of(axis).tolist() for axis in few.axes] == [[], [[0.0, 0.0]]]
