"""Check every plot: it draws without warnings and global state, letters inside, and names wrong input."""

import inspect
import io

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from jgen import plots
from jgen.plots.style import STYLE
from jgen.types import Result

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(30, 3))
CHAINS = RNG.normal(size=(4, 60, 2))
IMAGES = RNG.uniform(size=(10, 6, 5, 1))
RING = (np.roll(np.eye(6), 1, 0) + np.roll(np.eye(6), 1, 1))[None]
STEPS = np.arange(1, 21) * 100
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
    "latent_scatter": lambda: plots.latent_scatter(DATA, np.arange(30) % 10),
    "learning_curves": lambda: plots.learning_curves(
        STEPS, {"training": 1 / STEPS, "validation": 2 / STEPS}, reference=0.001
    ),
    "pair_plot": lambda: plots.pair_plot(
        DATA[:, :2], DATA[:5, :2], standard_normal, groups=np.arange(30) % 3
    ),
    "panels": lambda: plots.panels(
        {"a": DATA[:, :2], "b": DATA[:9, 1:]},
        lambda points: standard_normal((0, 1), points),
        (-4, 4),
        {"a": "a note"},
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
    assert tight.x0 >= box.x0 - 1
    assert tight.x1 <= box.x1 + 1
    assert tight.y0 >= box.y0 - 1
    assert tight.y1 <= box.y1 + 1
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
        ("image_grid", (IMAGES[:0],), "no empty axis"),
        ("image_grid", (np.zeros((2, 4, 4, 2)),), "with 1 or 3 channels"),
        ("image_grid", (IMAGES, ["a"]), "there are 1 titles for 10 images"),
        ("image_grid", (IMAGES, {"columns": 0}), "columns is 0"),
        ("intervals_plot", ({},), "empty"),
        ("intervals_plot", ({"a": result(1.0, k=5), "b": result(1.0, k=10)},), "protocols"),
        ("intervals_plot", ({"a": result(np.zeros(2))},), "scalar"),
        ("latent_scatter", (np.zeros(3),), r"give an array \[n, latent\]"),
        ("latent_scatter", (np.zeros((3, 2)), [1]), "give one for each of 3 codes"),
        ("latent_scatter", (np.full((3, 2), np.nan),), "3 of 3 codes are not finite"),
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
        ("reconstructions", (IMAGES, IMAGES, {"columns": 0}), "columns is 0"),
        ("sampler_bars", ([],), "0 rows"),
        ("sampler_bars", ([{"x": 1}],), "'sampler'"),
        ("sampler_bars", ([{"sampler": "a", "x": "b"}],), "no numbers"),
        ("sampler_bars", (ROWS, {"columns": ["nope"]}), "nope"),
        ("trace_plot", (np.zeros((2, 3, 4, 5)),), r"\[chain, draw, dim\]"),
        ("trace_plot", (CHAINS, ["mu"]), "labels has 1 names, but there are 2"),
        ("traversal", (IMAGES, [1, 2]), r"give \[latent, value, height, width, channel\]"),
        ("traversal", (IMAGES[None], [1, 2]), "there are 2 values for 10 columns"),
        ("traversal", (IMAGES[:, None], [1], ["a"]), "labels has 1 names, but there are 10"),
        ("voxels", (np.zeros((4, 4, 4)),), r"give \[solid, x, y, z\]"),
        ("voxels", (np.zeros((1, 4, 4, 4)), []), "there are 0 titles for 1 solids"),
    ],
)
def test_invalid_input_raises(name, arguments, message):
    """A final dict of ``arguments`` is passed by keyword."""
    *positional, last = arguments
    options = last if positional and isinstance(last, dict) else {}
    with pytest.raises(ValueError, match=message):
        getattr(plots, name)(*(positional if options else arguments), **options)
