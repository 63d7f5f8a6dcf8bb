"""Plot arrays; each plot is a pure function that returns a matplotlib ``Figure``."""

from jgen._internal.members import public_names
from jgen.plots.curves import curves as curves
from jgen.plots.graphs import graphs as graphs
from jgen.plots.grouped_intervals import grouped_intervals as grouped_intervals
from jgen.plots.image_grid import image_grid as image_grid
from jgen.plots.intervals_plot import intervals_plot as intervals_plot
from jgen.plots.latent_scatter import latent_scatter as latent_scatter
from jgen.plots.league_plot import league_plot as league_plot
from jgen.plots.learning_curves import learning_curves as learning_curves
from jgen.plots.pair_plot import pair_plot as pair_plot
from jgen.plots.panels import panels as panels
from jgen.plots.reconstructions import reconstructions as reconstructions
from jgen.plots.sampler_bars import sampler_bars as sampler_bars
from jgen.plots.trace_plot import trace_plot as trace_plot
from jgen.plots.traversal import traversal as traversal
from jgen.plots.voxels import voxels as voxels

__all__ = public_names(globals())
