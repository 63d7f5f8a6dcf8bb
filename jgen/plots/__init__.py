"""Figures: each a pure function of arrays that returns a matplotlib ``Figure``."""

from jgen.plots.curves import curves
from jgen.plots.grouped_intervals import grouped_intervals
from jgen.plots.intervals_plot import intervals_plot
from jgen.plots.pair_plot import pair_plot
from jgen.plots.panels import panels
from jgen.plots.sampler_bars import sampler_bars
from jgen.plots.trace_plot import trace_plot

__all__ = [
    "curves",
    "grouped_intervals",
    "intervals_plot",
    "pair_plot",
    "panels",
    "sampler_bars",
    "trace_plot",
]
