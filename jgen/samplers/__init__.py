"""Samplers, one a file: ``init(key, position) -> state``, ``step(key, state) -> (state, draws)``."""

from jgen.samplers.accept_reject import accept_reject
from jgen.samplers.adaptive_importance import adaptive_importance
from jgen.samplers.adaptive_rejection import adaptive_rejection
from jgen.samplers.adjusted_mclmc import adjusted_mclmc
from jgen.samplers.ancestral import ancestral
from jgen.samplers.annealed import annealed
from jgen.samplers.annealing_base import Path
from jgen.samplers.barker import barker
from jgen.samplers.direct import direct
from jgen.samplers.discrete_gibbs import discrete_gibbs
from jgen.samplers.elliptical_slice import elliptical_slice
from jgen.samplers.enumerated import enumerated
from jgen.samplers.ghmc import ghmc
from jgen.samplers.hmc import hmc
from jgen.samplers.importance import importance
from jgen.samplers.independent_metropolis import independent_metropolis
from jgen.samplers.jittered_hmc import jittered_hmc
from jgen.samplers.langevin import langevin
from jgen.samplers.mala import mala
from jgen.samplers.mclmc import mclmc
from jgen.samplers.metropolis import metropolis
from jgen.samplers.multiple_importance import multiple_importance
from jgen.samplers.nuts import nuts
from jgen.samplers.pilots_base import dense_metric, diagonal_metric
from jgen.samplers.rejection import estimate_log_bound, rejection
from jgen.samplers.sghmc import sghmc
from jgen.samplers.sgld import sgld
from jgen.samplers.slice_sampler import slice_sampler
from jgen.samplers.smc import smc
from jgen.samplers.stochastic_base import minibatch
from jgen.samplers.tempering import tempering

__all__ = [
    "Path",
    "accept_reject",
    "adaptive_importance",
    "adaptive_rejection",
    "adjusted_mclmc",
    "ancestral",
    "annealed",
    "barker",
    "dense_metric",
    "diagonal_metric",
    "direct",
    "discrete_gibbs",
    "elliptical_slice",
    "enumerated",
    "estimate_log_bound",
    "ghmc",
    "hmc",
    "importance",
    "independent_metropolis",
    "jittered_hmc",
    "langevin",
    "mala",
    "mclmc",
    "metropolis",
    "minibatch",
    "multiple_importance",
    "nuts",
    "rejection",
    "sghmc",
    "sgld",
    "slice_sampler",
    "smc",
    "tempering",
]
