"""Figures of images, solids and graphs: each pixel, face and link that is drawn is one that was given."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb, to_rgba

from jgen import plots
from jgen.plots.graphs import layout
from jgen.plots.image_canvas import pixels
from jgen.plots.style import PALETTE
from jgen.plots.voxels import RIGHT, UP, faces

RNG = np.random.default_rng(0)
GREY = RNG.uniform(size=(11, 6, 5, 1))


def canvas_of(figure):
    return figure.axes[0].images[0].get_array()


def framed(figure):
    """The images that the frames of a figure hold, in the order they were drawn."""
    canvas, found = canvas_of(figure), []
    for path in figure.axes[0].collections[0].get_paths():
        (left, top), (right, bottom) = (path.vertices.min(0) + 0.5, path.vertices.max(0) + 0.5)
        found.append(canvas[int(top) : int(bottom), int(left) : int(right)])
    return found


def grey(images):
    return np.repeat(images, 3, -1)


def test_pixels_are_clipped_and_what_is_nan_stands_out():
    images = np.array([-1.0, 0.25, 2.0, np.nan]).reshape(1, 2, 2, 1)
    found = pixels(images, "images", ["image"]).reshape(4, 3)
    np.testing.assert_array_equal(found, [3 * [0.0], 3 * [0.25], 3 * [1.0], to_rgb(PALETTE[1])])
    colours = RNG.uniform(size=(2, 3, 4, 5, 3))
    np.testing.assert_array_equal(pixels(colours, "images", ["row", "column"]), colours)


def test_image_grid_draws_every_image_once_in_order():
    figure = plots.image_grid(GREY, columns=4)
    np.testing.assert_array_equal(framed(figure), grey(GREY))
    assert canvas_of(figure).shape == (3 * 6 + 2, 4 * 5 + 3, 3)
    assert canvas_of(plots.image_grid(GREY)).shape == (2 * 6 + 1, 8 * 5 + 7, 3)
    np.testing.assert_array_equal(canvas_of(plots.image_grid(GREY[:1])), grey(GREY[0]))


def test_image_grid_puts_titles_over_their_images():
    figure = plots.image_grid(GREY, [str(i) for i in range(11)], columns=4)
    np.testing.assert_array_equal(framed(figure), grey(GREY))
    frames = [path.vertices for path in figure.axes[0].collections[0].get_paths()]
    for i, (text, frame) in enumerate(zip(figure.axes[0].texts, frames, strict=True)):
        assert text.get_text() == str(i)
        x, y = text.get_position()
        assert x == (frame[:, 0].min() + frame[:, 0].max()) / 2
        assert 0 < frame[:, 1].min() - y < 1


def test_reconstructions_stand_under_their_originals():
    made = {"linear": RNG.uniform(size=GREY.shape), "deep": RNG.uniform(size=GREY.shape)}
    figure = plots.reconstructions(GREY, made, columns=6)
    series = [GREY, made["linear"], made["deep"]]
    wanted = [images[block] for block in (slice(6), slice(6, 11)) for images in series]
    np.testing.assert_array_equal(framed(figure), grey(np.concatenate(wanted)))
    places = [path.vertices.min(0) for path in figure.axes[0].collections[0].get_paths()]
    assert places[2][0] == places[8][0] == places[14][0]  # the third of each row, one above another
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == 2 * [
        "original",
        "linear",
        "deep",
    ]
    alone = plots.reconstructions(GREY, made["deep"])
    np.testing.assert_array_equal(framed(alone)[11:], grey(made["deep"]))


def test_traversal_has_a_row_for_each_latent_and_a_column_for_each_value():
    images = RNG.uniform(size=(2, 4, 6, 5, 3))
    figure = plots.traversal(images, [-1.5, 0, 0.25, 3], ["size", "angle"])
    np.testing.assert_array_equal(framed(figure), images.reshape(8, 6, 5, 3))
    axis = figure.axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["size", "angle"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["-1.5", "0", "0.25", "3"]
    np.testing.assert_array_equal(axis.get_xticks(), [2, 8, 14, 20])  # images are 5 wide, and 1 apart
    np.testing.assert_array_equal(axis.get_yticks(), [2.5, 9.5])


def test_latent_scatter_draws_the_codes_given_and_their_medians():
    codes, labels = RNG.normal(size=(40, 2)), np.array(list("cab" * 13 + "a"))
    axis = plots.latent_scatter(codes, labels).axes[0]
    for i, kind in enumerate("abc"):
        np.testing.assert_array_equal(axis.collections[i].get_offsets(), codes[labels == kind])
        assert axis.texts[i].get_text() == kind
        np.testing.assert_array_equal(axis.texts[i].get_position(), np.median(codes[labels == kind], 0))
    plain = plots.latent_scatter(codes).axes[0]
    assert len(plain.collections) == 1
    assert not plain.texts
    line = plots.latent_scatter(codes[:, :1]).axes[0]
    np.testing.assert_array_equal(line.collections[0].get_offsets()[:, 0], codes[:, 0])


def test_latent_scatter_of_many_dimensions_is_the_plane_of_most_variance():
    """A cloud turned in space: its principal coordinates are known up to sign, and so are their shares."""
    flat = RNG.normal(size=(50, 4))
    flat = np.linalg.qr(flat - flat.mean(0))[0] * [4.0, 3.0, 2.0, 1.0]
    turn = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    axis = plots.latent_scatter(flat @ turn + 7.0).axes[0]
    found = axis.collections[0].get_offsets()
    np.testing.assert_allclose(np.abs(found), np.abs(flat[:, :2]), atol=1e-12)
    assert axis.get_xlabel() == "principal component 1 (53% of the variance)"  # 16 of 30
    assert axis.get_ylabel() == "principal component 2 (30% of the variance)"  # 9 of 30
    alone = plots.latent_scatter(np.ones((1, 4))).axes[0]
    assert alone.collections[0].get_offsets().tolist() == [[0.0, 0.0]]


def test_learning_curves_give_models_colours_and_splits_lines():
    steps = np.arange(10.0)
    series = {
        f"{model}, {split}": steps + i for i, (model, split) in enumerate(itertools.product("ab", "tv"))
    }
    series["b, v"] = np.where(steps % 2, np.nan, steps)
    axis = plots.learning_curves(steps, series, reference=3.0).axes[0]
    lines = {line.get_label(): line for line in axis.lines}
    assert list(lines) == [*series, "known: 3"]
    np.testing.assert_array_equal(lines["b, t"].get_ydata(), steps + 2)
    np.testing.assert_array_equal(lines["b, v"].get_xdata(), steps[::2])
    assert [lines[name].get_color() for name in series] == [*2 * [PALETTE[0]], *2 * [PALETTE[1]]]
    assert lines["a, t"].get_linestyle() == lines["b, t"].get_linestyle() != lines["a, v"].get_linestyle()
    assert lines["a, v"].get_linestyle() == lines["b, v"].get_linestyle() == "-"
    assert plots.learning_curves(steps, {"loss": steps}).axes[0].lines[0].get_linestyle() == "-"
    assert plots.learning_curves([100], {"loss": [2.0]}).axes[0].lines[0].get_marker() == "o"


def test_learning_curves_are_not_flattened_by_a_bad_start():
    values = np.ones(20)
    values[0], values[19] = 1e9, 3.0
    low, high = plots.learning_curves(np.arange(20), {"loss": values}).axes[0].get_ylim()
    assert 0 < low < 1
    assert 3 < high < 4


def test_faces_of_a_box_are_those_of_its_three_near_sides():
    cells, directions = faces(np.pad(np.ones((2, 3, 4), bool), 1))
    assert np.bincount(directions).tolist() == [12, 8, 6]
    assert (cells[directions == 0][:, 0] == 2).all()
    assert (cells[directions == 1][:, 1] == 3).all()
    assert (cells[directions == 2][:, 2] == 4).all()
    assert len(faces(np.zeros((2, 2, 2), bool))[0]) == 0


def test_a_nearer_face_is_painted_over_a_farther_one():
    """Truth by rays: at each pixel the last square painted over it is of the voxel that a ray meets first."""
    solid = RNG.uniform(size=(4, 4, 4)) < 0.4
    drawn = plots.voxels(solid[None].astype(float)).axes[0].collections[2]
    cells, directions = faces(solid)
    paths = drawn.get_paths()
    eye = np.ones(3)
    for point in RNG.uniform(0, 4, size=(60, 3)):
        page = np.array([point @ RIGHT, point @ UP])
        over = [i for i, path in enumerate(paths) if path.contains_point(page)]
        ray = point + np.linspace(8, -8, 16_001)[:, None] * eye  # [step, 3], from the eye on
        inside = ((ray > 0) & (ray < 4)).all(1)
        voxel = np.floor(np.clip(ray, 0, 3.999)).astype(int)
        hit = np.flatnonzero(inside & solid[tuple(voxel.T)])
        assert bool(over) == bool(len(hit))
        if over:
            assert cells[over[-1]].tolist() == voxel[hit[0]].tolist()
            colours = drawn.get_facecolor()
            np.testing.assert_array_equal(colours[over[-1]], colours[directions == directions[over[-1]]][0])
    assert len({tuple(colour) for colour in drawn.get_facecolor()}) == 3


def test_voxels_take_probabilities_and_cast_a_shadow():
    solid = np.zeros((3, 5, 4, 1))
    solid[1, 2, 3], solid[1, 2, 1], solid[0, 0, 0] = 0.9, 0.6, 0.4
    counts = [len(c.get_paths()) for c in plots.voxels(solid[None]).axes[0].collections[1:]]
    assert counts == [1, 6]
    counts = [len(c.get_paths()) for c in plots.voxels(solid[None], threshold=0.3).axes[0].collections[1:]]
    assert counts == [2, 9]


def ring(count):
    turned = np.roll(np.eye(count), 1, 0) > 0
    return turned | turned.T


@pytest.mark.parametrize("count", [3, 4, 5, 8])
def test_a_ring_is_a_regular_polygon(count):
    x = layout(ring(count))
    side = np.linalg.norm(x - np.roll(x, 1, 0), axis=1)
    np.testing.assert_allclose(side, side[0], rtol=1e-3)  # what a hundred steps have left
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), side[0] / 2 / np.sin(np.pi / count), rtol=1e-3)


def test_a_path_is_straight_and_of_its_length():
    path = np.eye(6, k=1) + np.eye(6, k=-1) > 0
    apart = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    x = layout(path)
    np.testing.assert_allclose(
        np.linalg.norm(x[:, None] - x[None], axis=-1), apart, atol=0.05
    )  # no eye sees it


def test_a_graph_may_have_one_node_or_none():
    assert layout(np.zeros((1, 1), bool)).tolist() == [[0.0, 0.0]]
    assert layout(np.zeros((0, 0), bool)).shape == (0, 2)


def crosses(p, q, r, s):
    def side(a, b, c):
        return np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))

    return side(p, q, r) * side(p, q, s) < 0 and side(r, s, p) * side(r, s, q) < 0


def test_rings_with_branches_are_drawn_without_crossings():
    for count, branches in itertools.product((4, 5, 6, 7), ((), (0,), (0, 1, 3), range(4))):
        joined = np.zeros((count + len(branches),) * 2, bool)
        joined[:count, :count] = ring(count)
        for i, place in enumerate(branches):
            joined[place, count + i] = joined[count + i, place] = True
        x, links = layout(joined), np.argwhere(np.triu(joined))
        for (a, b), (c, d) in itertools.combinations(links, 2):
            assert not crosses(x[a], x[b], x[c], x[d])


def test_parts_that_are_not_linked_do_not_meet():
    joined = np.zeros((9, 9), bool)
    joined[:4, :4] = joined[4:8, 4:8] = ring(4)
    x = layout(joined)
    apart = np.linalg.norm(x[:, None] - x[None], axis=-1)
    assert apart[~np.eye(9, dtype=bool)].min() > 0.5
    assert apart[:4, 4:].min() > apart[0, 1]


def test_graphs_draw_the_links_and_types_of_the_nodes_that_are_there():
    joined = np.zeros((2, 5, 5))
    joined[0, :4, :4] = ring(4)
    joined[1, 0, 1] = joined[1, 1, 0] = 0.9
    joined[1, 1, 2] = joined[1, 2, 1] = 0.4
    nodes = np.array([[1, 2, 1, 2, 0], [2, 2, 1, 0, 0]])
    figure = plots.graphs(joined, nodes, nodes > 0, types=("none", "carbon", "oxygen"))
    counts = [(len(a.collections[0].get_paths()), len(a.collections[1].get_offsets())) for a in figure.axes]
    assert counts == [(4, 4), (1, 3)]
    wanted = [to_rgba(PALETTE[kind]) for kind in (2, 2, 1)]
    np.testing.assert_array_equal(figure.axes[1].collections[1].get_facecolor(), wanted)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["carbon", "oxygen"]
    again = plots.graphs(joined, nodes, nodes > 0)
    np.testing.assert_array_equal(
        again.axes[0].collections[1].get_offsets(), figure.axes[0].collections[1].get_offsets()
    )
    assert (
        len(plots.graphs(np.zeros((1, 3, 3)), mask=np.zeros((1, 3))).axes[0].collections[1].get_offsets())
        == 0
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.image_grid(GREY[..., 0]), r"images has shape \(11, 6, 5\): give \[image, height"),
        (lambda: plots.image_grid(GREY[:0]), "no empty axis"),
        (lambda: plots.image_grid(np.zeros((2, 4, 4, 2))), "with 1 or 3 channels"),
        (lambda: plots.image_grid(GREY, ["a"]), "there are 1 titles for 11 images"),
        (lambda: plots.image_grid(GREY, columns=0), "columns is 0"),
        (lambda: plots.reconstructions(GREY, GREY[:3]), "give the same images"),
        (lambda: plots.reconstructions(GREY, GREY, columns=0), "columns is 0"),
        (lambda: plots.traversal(GREY, [1, 2]), r"give \[latent, value, height, width, channel\]"),
        (lambda: plots.traversal(GREY[None], [1, 2]), "there are 2 values for 11 columns"),
        (lambda: plots.traversal(GREY[:, None], [1], ["a"]), "labels has 1 names, but there are 11"),
        (lambda: plots.latent_scatter(np.zeros(3)), r"give an array \[n, latent\]"),
        (lambda: plots.latent_scatter(np.zeros((3, 2)), [1]), "give one for each of 3 codes"),
        (lambda: plots.latent_scatter(np.full((3, 2), np.nan)), "3 of 3 codes are not finite"),
        (lambda: plots.learning_curves([1.0], {}), "series is empty"),
        (lambda: plots.learning_curves([1.0], {"loss": [1.0, 2.0]}), "loss has 2 points and steps 1"),
        (lambda: plots.voxels(np.zeros((4, 4, 4))), r"give \[solid, x, y, z\]"),
        (lambda: plots.voxels(np.zeros((1, 4, 4, 4)), []), "there are 0 titles for 1 solids"),
        (lambda: plots.graphs(np.zeros((4, 4))), r"give \[graph, node, node\]"),
        (lambda: plots.graphs(np.zeros((1, 4, 4)), np.zeros((1, 3), int)), r"must be \[graph, node\]"),
        (lambda: plots.graphs(np.zeros((1, 4, 4)), titles=[]), "there are 0 titles for 1 graphs"),
        (lambda: plots.graphs(np.zeros((1, 1, 1)), [[3]], types=("a",)), "a node of type 3"),
        (lambda: plots.graphs(np.zeros((1, 1, 1)), [[0.5]]), "whole numbers"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
