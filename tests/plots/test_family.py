"""Figures: the data given are the data drawn, and a wrong shape is named."""

import inspect
import io

import numpy as np
import pytest

from jgen import plots
from jgen.plots.style import STYLE, highest_density_levels
from jgen.plots.trace_plot import rank_counts
from jgen.types import Result

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(30, 3))
CHAINS = RNG.normal(size=(4, 60, 2))


def result(value, half=1.0, **protocol):
    return Result(value, value - half, value + half, 150, "5 folds", protocol)


def standard_normal(dims, points):
    return -0.5 * np.sum(points**2, axis=-1) - 0.5 * len(dims) * np.log(2 * np.pi)


def halo(points):
    return -0.5 * np.sum(points**2, axis=-1)


IMAGES = RNG.uniform(size=(10, 6, 5, 1))
RING = (np.roll(np.eye(6), 1, 0) + np.roll(np.eye(6), 1, 1))[None]
STEPS = np.arange(1, 21) * 100
ROWS = [{"sampler": "nuts", "ESS/s": 3.0, "note": "a"}, {"sampler": "hmc", "ESS/s": 1e4, "note": "b"}]
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
    "pair_plot": lambda: plots.pair_plot(DATA, DATA[:5], standard_normal, groups=np.arange(30) % 3),
    "panels": lambda: plots.panels({"a": DATA[:, :2], "b": DATA[:9, 1:]}, halo, (-4, 4), {"a": "a note"}),
    "reconstructions": lambda: plots.reconstructions(IMAGES, {"a model of a long name": IMAGES}, columns=7),
    "sampler_bars": lambda: plots.sampler_bars(ROWS, reference={"ESS/s": 10.0}),
    "trace_plot": lambda: plots.trace_plot(CHAINS),
    "traversal": lambda: plots.traversal(IMAGES.reshape(2, 5, 6, 5, 1), np.linspace(-1, 1, 5)),
    "voxels": lambda: plots.voxels(RNG.uniform(size=(2, 3, 4, 5)), ["one", "another"]),
}


def test_every_figure_is_tried_below():
    assert set(FIGURES) == set(plots.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_draws_without_a_warning_or_a_trace_in_global_state(name):
    import matplotlib
    import matplotlib.pyplot as plt

    before = dict(matplotlib.rcParams)
    file = io.BytesIO()
    figure = FIGURES[name]()
    figure.savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before
    assert plt.get_fignums() == []
    assert figure.axes[0].xaxis.label.get_fontsize() == STYLE["axes.labelsize"]


@pytest.mark.parametrize("name", plots.__all__)
def test_letters_lie_inside_the_picture(name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = FIGURES[name]()
    FigureCanvasAgg(figure).draw()
    box, tight = figure.bbox, figure.get_tightbbox().transformed(figure.dpi_scale_trans)
    assert tight.x0 >= box.x0 - 1
    assert tight.x1 <= box.x1 + 1
    assert tight.y0 >= box.y0 - 1
    assert tight.y1 <= box.y1 + 1


def test_pair_plot_draws_data_below_and_draws_above():
    axes = np.array(plots.pair_plot(DATA, DATA[:5], standard_normal).axes).reshape(3, 3)
    np.testing.assert_array_equal(axes[2, 0].collections[0].get_offsets(), DATA[:, [0, 2]])
    np.testing.assert_array_equal(axes[0, 2].collections[0].get_offsets(), DATA[:5, [2, 0]])
    line = axes[1, 1].lines[0]
    np.testing.assert_allclose(line.get_ydata(), np.exp(-0.5 * line.get_xdata() ** 2) / np.sqrt(2 * np.pi))
    assert [axis.get_xlabel() for axis in axes[2]] == ["x0", "x1", "x2"]
    assert not np.array(plots.pair_plot(DATA).axes).reshape(3, 3)[0, 2].get_visible()


def test_pair_plot_asks_for_the_right_marginal():
    """A density with its coordinates swapped looks right on a round cloud; this one is not round."""
    wide = np.array([1.0, 3.0, 9.0])

    def log_prob(dims, points):
        return -0.5 * np.sum((points / wide[list(dims)]) ** 2, axis=-1)

    axes = np.array(plots.pair_plot(4 * DATA * wide, None, log_prob).axes).reshape(3, 3)
    paths = axes[2, 1].collections[1].get_paths()
    outer = paths[0].vertices
    radius = np.sqrt(-2 * np.log(0.05))  # the 95 % region of two independent normals
    np.testing.assert_allclose(np.abs(outer[:, 0]).max(), 3 * radius, rtol=0.05)  # a grid of 80 points
    np.testing.assert_allclose(np.abs(outer[:, 1]).max(), 9 * radius, rtol=0.05)


def test_highest_density_levels_hold_their_mass():
    x = np.linspace(-9, 9, 20001)
    levels = highest_density_levels(-0.5 * x**2, [0.95, 0.5])
    np.testing.assert_allclose(np.sqrt(-2 * levels), [1.959964, 0.674490], atol=18 / 20000)


def test_rank_counts_are_flat_for_interleaved_chains_and_count_every_draw():
    draws = np.arange(40.0).reshape(20, 2).T
    np.testing.assert_array_equal(rank_counts(draws, 4), np.full((2, 4), 5))
    assert rank_counts(np.sort(RNG.normal(size=(3, 7)), axis=0), 5).sum(axis=1).tolist() == [7, 7, 7]


def test_trace_plot_draws_each_chain_and_says_what_is_not_finite():
    draws = CHAINS.copy()
    draws[1, 4, 1] = np.inf
    axes = np.array(plots.trace_plot(draws, ["mu", "tau"], max_chains=3).axes).reshape(2, 2)
    assert len(axes[0, 0].lines) == 3
    np.testing.assert_array_equal(axes[1, 0].lines[2].get_ydata(), draws[2, :, 1])
    drawn = axes[1, 1].patches[2].get_data().values
    np.testing.assert_array_equal(drawn, rank_counts(draws[..., 1], len(drawn))[2])
    assert axes[0, 0].get_title(loc="left") == "mu"
    assert axes[1, 0].get_title(loc="left") == "tau   (not finite: 1)"
    assert "3 of 4" in axes[1, 0].get_xlabel()
    assert len(plots.trace_plot(draws[..., 0]).axes) == 2


def test_sampler_bars_draw_numbers_only_and_name_what_is_missing():
    rows = [{"sampler": "a", "x": 2.0, "note": "n"}, {"sampler": "b", "x": np.nan}, {"sampler": "c"}]
    (axis,) = plots.sampler_bars(rows).axes
    assert [(bar.get_width(), bar.get_y() + bar.get_height() / 2) for bar in axis.patches] == [(2.0, 0.0)]
    assert [text.get_text() for text in axis.texts] == ["2", "none", "none"]
    assert plots.sampler_bars(ROWS).axes[0].get_xscale() == "log"
    assert (
        plots.sampler_bars([{"sampler": "a", "x": 1}, {"sampler": "b", "x": 0}]).axes[0].get_xscale()
        == "linear"
    )


def test_intervals_plot_draws_each_interval_in_its_row():
    axis = plots.intervals_plot({"one": result(-3.0, 2.0), "two": result(1.0, 0.5)}).axes[0]
    np.testing.assert_array_equal(
        np.array(axis.collections[0].get_segments()), [[[-5, 0], [-1, 0]], [[0.5, 1], [1.5, 1]]]
    )
    np.testing.assert_array_equal(axis.lines[0].get_xdata(), [-3.0, 1.0])


def test_curves_highlight_the_best_that_survives():
    values = np.stack([np.arange(10.0), 2 * np.arange(10.0), 3 * np.arange(10.0)], axis=1)
    values[5:, 2] = np.nan
    axis = plots.curves(values).axes[0]
    bold = max(axis.lines, key=lambda line: line.get_linewidth())
    np.testing.assert_array_equal(bold.get_ydata(), values[:, 1])
    assert [text.get_text() for text in axis.get_legend().get_texts()] == [
        "best of 3: 18.00",
        "1 of 3 ended in NaN or infinity",
    ]
    assert "best of 3: 9.00" in [
        line.get_label() for line in plots.curves(values, maximise=False).axes[0].lines
    ]
    plots.curves(np.full((4, 2), np.nan)).savefig(io.BytesIO())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.curves(np.zeros(3)), r"values has shape \(3,\): give an array \[step, restart\]"),
        (lambda: plots.curves(np.zeros((0, 2))), "no empty axis"),
        (lambda: plots.trace_plot(np.zeros((2, 3, 4, 5))), r"\[chain, draw, dim\]"),
        (lambda: plots.trace_plot(CHAINS, ["mu"]), "labels has 1 names, but there are 2"),
        (lambda: plots.pair_plot(np.zeros((3, 1))), "two to eight"),
        (lambda: plots.pair_plot(DATA, DATA[:, :2]), "draws has 2 coordinates and data 3"),
        (lambda: plots.pair_plot(DATA, groups=[1, 2]), "groups has shape"),
        (lambda: plots.pair_plot(np.full((3, 2), np.nan)), "no finite value"),
        (lambda: plots.pair_plot(DATA, None, lambda _, x: np.zeros(len(x))), None),
        (
            lambda: plots.pair_plot(
                DATA, None, lambda dims, x: x[:, 0][:, None] if len(dims) > 1 else x[:, 0]
            ),
            "return",
        ),
        (lambda: plots.sampler_bars([]), "0 rows"),
        (lambda: plots.sampler_bars([{"x": 1}]), "'sampler'"),
        (lambda: plots.sampler_bars([{"sampler": "a", "x": "b"}]), "no numbers"),
        (lambda: plots.sampler_bars(ROWS, columns=["nope"]), "nope"),
        (lambda: plots.intervals_plot({}), "empty"),
        (lambda: plots.intervals_plot({"a": result(1.0, k=5), "b": result(1.0, k=10)}), "protocols"),
        (lambda: plots.intervals_plot({"a": result(np.zeros(2))}), "scalar"),
    ],
)
def test_mistakes_are_named(call, message):
    if message is None:  # a flat density has no contours to draw, and that is no mistake
        call()
        return
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", plots.__all__)
def test_a_plot_keeps_its_signature(name):
    assert "args" not in inspect.signature(getattr(plots, name)).parameters
