"""Check the intervals of results."""

import numpy as np

from jgen import plots
from jgen.types import Result


def test_each_interval_has_its_row():
    results = {"one": Result(-3.0, -5.0, -1.0, 9, "m", {}), "two": Result(1.0, 0.5, 1.5, 9, "m", {})}
    axis = plots.intervals_plot(results).axes[0]
    segments = np.array(axis.collections[0].get_segments())
    np.testing.assert_array_equal(segments, [[[-5, 0], [-1, 0]], [[0.5, 1], [1.5, 1]]])
    np.testing.assert_array_equal(axis.lines[0].get_xdata(), [-3.0, 1.0])
