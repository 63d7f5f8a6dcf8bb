"""Check the training curves of restarts."""

import io

import numpy as np

from jgen import plots


def test_the_best_finite_restart_is_bold():
    values = np.stack([np.arange(10.0), 2 * np.arange(10.0), 3 * np.arange(10.0)], axis=1)
    values[5:, 2] = np.nan
    axis = plots.curves(values).axes[0]
    bold = max(axis.lines, key=lambda line: line.get_linewidth())
    np.testing.assert_array_equal(bold.get_ydata(), values[:, 1])
    legend = [text.get_text() for text in axis.get_legend().get_texts()]
    assert legend == ["best of 3: 18.00", "1 of 3 ended in NaN or infinity"]
    labels = [line.get_label() for line in plots.curves(values, maximise=False).axes[0].lines]
    assert "best of 3: 9.00" in labels
    plots.curves(np.full((4, 2), np.nan)).savefig(io.BytesIO())
