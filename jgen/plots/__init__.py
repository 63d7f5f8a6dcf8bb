"""Plot arrays; each plot is a pure function that returns a matplotlib ``Figure``."""

from jgen.plots.curves import curves
from jgen.plots.graphs import graphs
from jgen.plots.grouped_intervals import grouped_intervals
from jgen.plots.image_grid import image_grid
from jgen.plots.intervals_plot import intervals_plot
from jgen.plots.latent_scatter import latent_scatter
from jgen.plots.learning_curves import learning_curves
from jgen.plots.pair_plot import pair_plot
from jgen.plots.panels import panels
from jgen.plots.reconstructions import reconstructions
from jgen.plots.sampler_bars import sampler_bars
from jgen.plots.trace_plot import trace_plot
from jgen.plots.traversal import traversal
from jgen.plots.voxels import voxels

__all__ = [
    "curves",
    "graphs",
    "grouped_intervals",
    "image_grid",
    "intervals_plot",
    "latent_scatter",
    "learning_curves",
    "pair_plot",
    "panels",
    "reconstructions",
    "sampler_bars",
    "trace_plot",
    "traversal",
    "voxels",
]
