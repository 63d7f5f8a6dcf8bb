"""Check every plot: it draws without warnings and global state, letters inside, and names wrong input."""

import functools
import inspect
import io

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from jgen import plots
from jgen.plots.image_canvas import pixels
from jgen.plots.style import PALETTE, STYLE
from jgen.types import Result
from tests.helpers.drawn_images import canvas_of, framed, frames_of, grey

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(30, 3))
CHAINS = RNG.normal(size=(4, 60, 2))
IMAGES = RNG.uniform(size=(10, 6, 5, 1))
RING = (np.roll(np.eye(6), 1, 0) + np.roll(np.eye(6), 1, 1))[None]
STEPS, GROUPS = np.arange(1, 21) * 100, np.arange(30) % 10
ROWS = [{"sampler": "nuts", "ESS/s": 3.0, "note": "a"}, {"sampler": "hmc", "ESS/s": 1e4, "note": "b"}]


def result(value, **protocol):
    return Result(value, value - 1.0, value + 1.0, 150, "5 folds", protocol)


def standard_normal(dims, points):
    return -0.5 * np.sum(points**2, axis=-1) - 0.5 * len(dims) * np.log(2 * np.pi)


FIGURES = {
    "curves": lambda: plots.curves(np.cumsum(RNG.normal(size=(20, 5)), axis=0)),
    "graphs": lambda: plots.graphs(RING, np.ones((1, 6), int), types=("none", "carbon"), titles=["a ring"]),
    "grouped_intervals": lambda: plots.grouped_intervals(
        {"a": {"x": result(1.0), "y": result(2.0)}, "b": {"y": result(2.5)}}, ylabel="z", truth={"y": 2.2}
    ),
    "image_grid": lambda: plots.image_grid(IMAGES, list("abcdefghij")),
    "intervals_plot": lambda: plots.intervals_plot({"a": result(1.0), "b": result(np.nan)}, reference=0.5),
    "latent_scatter": lambda: plots.latent_scatter(DATA, GROUPS),
    "league_plot": lambda: plots.league_plot(
        {
            "MMD": {"a model": result(1.0)._replace(null=result(0.0)), "b": result(np.nan)},
            "an empty one": {"b": result(np.nan)},
            "one far off": {"a model": result(1.0), "b": result(2.0), "c": result(1000.0)},
        }
    ),
    "learning_curves": lambda: plots.learning_curves(
        STEPS, {"a": 1 / STEPS, "b": 2 / STEPS}, reference=0.001
    ),
    "pair_plot": lambda: plots.pair_plot(DATA[:, :2], DATA[:5, :2], standard_normal, groups=GROUPS),
    "panels": lambda: plots.panels(
        {"a": DATA[:, :2], "b": DATA[:9, 1:]},
        functools.partial(standard_normal, (0, 1)),
        (-4, 4),
        {"a": "note"},
    ),
    "reconstructions": lambda: plots.reconstructions(IMAGES, {"a model of a long name": IMAGES}, columns=7),
    "sampler_bars": lambda: plots.sampler_bars(ROWS, reference={"ESS/s": 10.0}),
    "trace_plot": lambda: plots.trace_plot(CHAINS),
    "traversal": lambda: plots.traversal(IMAGES.reshape(2, 5, 6, 5, 1), np.linspace(-1, 1, 5)),
    "voxels": lambda: plots.voxels(RNG.uniform(size=(2, 3, 4, 5)), ["one", "another"]),
}


def test_every_plot_has_an_example():
    assert set(FIGURES) == set(plots.__all__)


@pytest.mark.parametrize("name", plots.__all__)
def test_a_plot_draws_inside_its_figure_without_global_state(name):
    """It raises no warning, leaves matplotlib's settings as they are, and keeps its signature."""
    before = dict(matplotlib.rcParams)
    figure = FIGURES[name]()
    figure.savefig(io.BytesIO(), format="png")
    assert dict(matplotlib.rcParams) == before
    assert plt.get_fignums() == []
    assert figure.axes[0].xaxis.label.get_fontsize() == STYLE["axes.labelsize"]
    box, tight = figure.bbox, figure.get_tightbbox().transformed(figure.dpi_scale_trans)
    assert (tight.min >= box.min - 1).all()
    assert (tight.max <= box.max + 1).all()
    assert "args" not in inspect.signature(getattr(plots, name)).parameters


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("curves", (np.zeros(3),), r"values has shape \(3,\): give an array \[step, restart\]"),
        ("curves", (np.zeros((0, 2)),), "no empty axis"),
        ("graphs", (np.zeros((4, 4)),), r"give \[graph, node, node\]"),
        ("graphs", (np.zeros((1, 4, 4)), np.zeros((1, 3), int)), r"must be \[graph, node\]"),
        ("graphs", (np.zeros((1, 4, 4)), {"titles": []}), "there are 0 titles for 1 graphs"),
        ("graphs", (np.zeros((1, 1, 1)), [[3]], {"types": ("a",)}), "a node of type 3"),
        ("graphs", (np.zeros((1, 1, 1)), [[0.5]]), "whole numbers"),
        ("grouped_intervals", ({}, {"ylabel": "z"}), "series is empty"),
        ("image_grid", (IMAGES[..., 0],), r"images has shape \(10, 6, 5\): give \[image, height"),
        ("image_grid", (np.zeros((2, 4, 4, 2)),), "with 1 or 3 channels"),
        ("image_grid", (IMAGES, {"columns": 0}), "columns is 0"),
        ("intervals_plot", ({},), "empty"),
        ("intervals_plot", ({"a": result(1.0, k=5), "b": result(1.0, k=10)},), "protocols"),
        ("intervals_plot", ({"a": result(np.zeros(2))},), "scalar"),
        ("latent_scatter", (np.zeros((3, 2)), [1]), "give one for each of 3 codes"),
        ("latent_scatter", (np.full((3, 2), np.nan),), "3 of 3 codes are not finite"),
        ("league_plot", ({},), "results is empty"),
        ("league_plot", ({"MMD": {}},), "results is empty"),
        ("learning_curves", ([1.0], {"series": {}}), "series is empty"),
        ("learning_curves", ([1.0], {"series": {"loss": [1.0, 2.0]}}), "loss has 2 points and steps 1"),
        ("pair_plot", (np.zeros((3, 1)),), "two to eight"),
        ("pair_plot", (DATA, DATA[:, :2]), "draws has 2 coordinates and data 3"),
        ("pair_plot", (DATA, {"groups": [1, 2]}), "groups has shape"),
        ("pair_plot", (np.full((3, 2), np.nan),), "no finite value"),
        ("pair_plot", (DATA, None, lambda dims, x: x[:, :1] if len(dims) > 1 else x[:, 0]), "return"),
        ("panels", ({}, standard_normal, (-4, 4)), "samples is empty"),
        ("panels", ({"a": DATA}, standard_normal, (-4, 4)), "a has 3 coordinates"),
        ("reconstructions", (IMAGES, IMAGES[:3]), "give the same images"),
        ("sampler_bars", ([],), "0 rows"),
        ("sampler_bars", ([{"x": 1}],), "'sampler'"),
        ("sampler_bars", ([{"sampler": "a", "x": "b"}],), "no numbers"),
        ("sampler_bars", (ROWS, {"columns": ["nope"]}), "nope"),
        ("trace_plot", (CHAINS, ["mu"]), "labels has 1 names for 2 coordinates"),
        ("traversal", (IMAGES[None], [1, 2]), "there are 2 values for 10 columns"),
        ("voxels", (np.zeros((4, 4, 4)),), r"give \[solid, x, y, z\]"),
    ],
)
def test_invalid_input_raises(name, arguments, message):
    """A final dict of ``arguments`` is passed by keyword."""
    *positional, last = arguments
    options = last if positional and isinstance(last, dict) else {}
    with pytest.raises(ValueError, match=message):
        getattr(plots, name)(*(positional if options else arguments), **options)


def texts(artists):
    return [artist.get_text() for artist in artists]


def test_pixels_are_clipped_and_nan_is_orange():
    images = np.array([-1.0, 0.25, 2.0, np.nan]).reshape(1, 2, 2, 1)
    found = pixels(images, "images", ["image"]).reshape(4, 3)
    np.testing.assert_array_equal(found, [3 * [0.0], 3 * [0.25], 3 * [1.0], to_rgb(PALETTE[1])])
    colours = RNG.uniform(size=(2, 3, 4, 5, 3))
    np.testing.assert_array_equal(pixels(colours, "images", ["row", "column"]), colours)


def test_a_grid_has_every_image_once_in_order_below_its_title():
    figure = plots.image_grid(IMAGES, list("abcdefghij"), columns=4)
    np.testing.assert_array_equal(framed(figure), grey(IMAGES))
    assert texts(figure.axes[0].texts) == list("abcdefghij")
    for text, frame in zip(figure.axes[0].texts, frames_of(figure), strict=True):
        x, y = text.get_position()
        assert x == (frame[:, 0].min() + frame[:, 0].max()) / 2
        assert 0 < frame[:, 1].min() - y < 1
    assert canvas_of(plots.image_grid(IMAGES, columns=4)).shape == (3 * 6 + 2, 4 * 5 + 3, 3)
    assert canvas_of(plots.image_grid(IMAGES)).shape == (2 * 6 + 1, 8 * 5 + 7, 3)
    np.testing.assert_array_equal(canvas_of(plots.image_grid(IMAGES[:1])), grey(IMAGES[0]))


def test_reconstructions_are_below_their_originals():
    decoded = {"linear": RNG.uniform(size=IMAGES.shape), "deep": RNG.uniform(size=IMAGES.shape)}
    figure = plots.reconstructions(IMAGES, decoded, columns=6)
    series = [IMAGES, decoded["linear"], decoded["deep"]]
    wanted = [images[block] for block in (slice(6), slice(6, 10)) for images in series]
    np.testing.assert_array_equal(framed(figure), grey(np.concatenate(wanted)))
    lefts = [frame[:, 0].min() for frame in frames_of(figure)]
    assert lefts[2] == lefts[8] == lefts[14]  # the third of each row
    assert texts(figure.axes[0].get_yticklabels()) == 2 * ["original", "linear", "deep"]
    single = plots.reconstructions(IMAGES, decoded["deep"])
    np.testing.assert_array_equal(framed(single)[10:], grey(decoded["deep"]))


def test_a_traversal_has_a_row_for_each_latent_and_a_column_for_each_value():
    images = RNG.uniform(size=(2, 4, 6, 5, 3))
    figure = plots.traversal(images, [-1.5, 0, 0.25, 3], ["size", "angle"])
    np.testing.assert_array_equal(framed(figure), images.reshape(8, 6, 5, 3))
    axis = figure.axes[0]
    assert texts(axis.get_yticklabels()) == ["size", "angle"]
    assert texts(axis.get_xticklabels()) == ["-1.5", "0", "0.25", "3"]
    np.testing.assert_array_equal(axis.get_xticks(), [2, 8, 14, 20])  # images are 5 wide, with gaps of 1
    np.testing.assert_array_equal(axis.get_yticks(), [2.5, 9.5])


def test_each_interval_has_its_row():
    results = {"one": Result(-3.0, -5.0, -1.0, 9, "m", {}), "two": Result(1.0, 0.5, 1.5, 9, "m", {})}
    axis = plots.intervals_plot(results).axes[0]
    segments = np.array(axis.collections[0].get_segments())
    np.testing.assert_array_equal(segments, [[[-5, 0], [-1, 0]], [[0.5, 1], [1.5, 1]]])
    np.testing.assert_array_equal(axis.lines[0].get_xdata(), [-3.0, 1.0])


def test_the_best_finite_restart_is_bold():
    values = np.arange(10.0)[:, None] * [1.0, 2.0, 3.0]
    values[5:, 2] = np.nan
    axis = plots.curves(values).axes[0]
    bold = max(axis.lines, key=lambda line: line.get_linewidth())
    np.testing.assert_array_equal(bold.get_ydata(), values[:, 1])
    assert texts(axis.get_legend().get_texts()) == ["best of 3: 18.00", "1 of 3 ended in NaN or infinity"]
    labels = [line.get_label() for line in plots.curves(values, maximise=False).axes[0].lines]
    assert "best of 3: 9.00" in labels
    plots.curves(np.full((4, 2), np.nan)).savefig(io.BytesIO())


def test_bars_show_numbers_only_and_mark_missing_values():
    rows = [{"sampler": "a", "x": 2.0, "note": "n"}, {"sampler": "b", "x": np.nan}, {"sampler": "c"}]
    (axis,) = plots.sampler_bars(rows).axes
    assert [(bar.get_width(), bar.get_y() + bar.get_height() / 2) for bar in axis.patches] == [(2.0, 0.0)]
    assert texts(axis.texts) == ["2", "none", "none"]


@pytest.mark.parametrize(("low", "scale"), [(1.0, "log"), (0.0, "linear")])
def test_a_wide_range_of_positive_values_has_a_log_scale(low, scale):
    rows = [{"sampler": "a", "x": 1e4}, {"sampler": "b", "x": low}]
    assert plots.sampler_bars(rows).axes[0].get_xscale() == scale
