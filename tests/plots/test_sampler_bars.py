"""Check the bars of a table of samplers."""

import numpy as np

from jgen import plots


def test_bars_show_numbers_only_and_mark_missing_values():
    rows = [{"sampler": "a", "x": 2.0, "note": "n"}, {"sampler": "b", "x": np.nan}, {"sampler": "c"}]
    (axis,) = plots.sampler_bars(rows).axes
    assert [(bar.get_width(), bar.get_y() + bar.get_height() / 2) for bar in axis.patches] == [(2.0, 0.0)]
    assert [text.get_text() for text in axis.texts] == ["2", "none", "none"]


def test_a_wide_range_of_positive_values_has_a_log_scale():
    scales = [
        plots.sampler_bars([{"sampler": "a", "x": 1e4}, {"sampler": "b", "x": low}]).axes[0].get_xscale()
        for low in (1.0, 0.0)
    ]
    assert scales == ["log", "linear"]
