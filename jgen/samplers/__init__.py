"""Sample from distributions and densities, one sampler a file.

A sampler is ``init(key, position) -> state`` and ``step(key, state) -> (state, draws)``.
"""

from jgen._internal.binding import as_partial, bind_static
from jgen.samplers.annealing_path import AnnealingPath
from jgen.samplers.exact.accept_reject import accept_reject
from jgen.samplers.exact.adaptive_rejection import adaptive_rejection
from jgen.samplers.exact.ancestral import ancestral
from jgen.samplers.exact.direct import direct
from jgen.samplers.exact.importance import importance
from jgen.samplers.exact.multiple_importance import multiple_importance
from jgen.samplers.exact.rejection import estimate_log_bound, rejection
from jgen.samplers.mcmc.adjusted_mclmc import adjusted_mclmc
from jgen.samplers.mcmc.barker import barker
from jgen.samplers.mcmc.discrete_gibbs import discrete_gibbs
from jgen.samplers.mcmc.elliptical_slice import elliptical_slice
from jgen.samplers.mcmc.enumerate_states import enumerate_states
from jgen.samplers.mcmc.ghmc import ghmc
from jgen.samplers.mcmc.hmc import hmc
from jgen.samplers.mcmc.independent_metropolis import independent_metropolis
from jgen.samplers.mcmc.jittered_hmc import jittered_hmc
from jgen.samplers.mcmc.mala import mala
from jgen.samplers.mcmc.metropolis import metropolis
from jgen.samplers.mcmc.nuts import nuts
from jgen.samplers.mcmc.slice_sampler import slice_sampler
from jgen.samplers.populations.adaptive_importance import adaptive_importance
from jgen.samplers.populations.annealed import annealed
from jgen.samplers.populations.smc import smc
from jgen.samplers.populations.tempering import tempering
from jgen.samplers.stochastic_gradient import minibatch
from jgen.samplers.tempering_schedule import dense_covariance, diagonal_covariance
from jgen.samplers.transforms.block import block
from jgen.samplers.transforms.burn_in import burn_in
from jgen.samplers.transforms.cycle import cycle
from jgen.samplers.transforms.gibbs import gibbs
from jgen.samplers.transforms.select import select
from jgen.samplers.transforms.thin import thin
from jgen.samplers.unadjusted.langevin import langevin
from jgen.samplers.unadjusted.mclmc import mclmc
from jgen.samplers.unadjusted.sghmc import sghmc
from jgen.samplers.unadjusted.sgld import sgld

__all__ = [
    "AnnealingPath",
    "accept_reject",
    "adaptive_importance",
    "adaptive_rejection",
    "adjusted_mclmc",
    "ancestral",
    "annealed",
    "as_partial",
    "barker",
    "bind_static",
    "block",
    "burn_in",
    "cycle",
    "dense_covariance",
    "diagonal_covariance",
    "direct",
    "discrete_gibbs",
    "elliptical_slice",
    "enumerate_states",
    "estimate_log_bound",
    "ghmc",
    "gibbs",
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
    "select",
    "sghmc",
    "sgld",
    "slice_sampler",
    "smc",
    "tempering",
    "thin",
]
