"""Check the colours, line styles and range of learning curves."""

import numpy as np

from jgen import plots
from jgen.plots.style import PALETTE


def test_models_have_colours_and_splits_have_line_styles():
    steps = np.arange(10.0)
    series = {name: steps + i for i, name in enumerate(("a, t", "a, v", "b, t", "b, v"))}
    series["b, v"] = np.where(steps % 2, np.nan, steps)
    axis = plots.learning_curves(steps, series, reference=3.0).axes[0]
    lines = {line.get_label(): line for line in axis.lines}
    assert list(lines) == [*series, "known: 3"]
    np.testing.assert_array_equal(lines["b, t"].get_ydata(), steps + 2)
    np.testing.assert_array_equal(lines["b, v"].get_xdata(), steps[::2])
    assert [lines[name].get_color() for name in series] == [*2 * [PALETTE[0]], *2 * [PALETTE[1]]]
    assert lines["a, t"].get_linestyle() == lines["b, t"].get_linestyle() != lines["a, v"].get_linestyle()
    assert lines["a, v"].get_linestyle() == lines["b, v"].get_linestyle() == "-"


def test_a_single_series_is_solid_and_a_single_point_is_marked():
    assert plots.learning_curves([1, 2], {"loss": [3.0, 4.0]}).axes[0].lines[0].get_linestyle() == "-"
    assert plots.learning_curves([100], {"loss": [2.0]}).axes[0].lines[0].get_marker() == "o"


def test_a_bad_start_does_not_set_the_vertical_range():
    values = np.ones(20)
    values[0], values[19] = 1e9, 3.0
    low, high = plots.learning_curves(np.arange(20), {"loss": values}).axes[0].get_ylim()
    assert 0 < low < 1
    assert 3 < high < 4
