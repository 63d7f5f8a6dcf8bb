"""Sample from distributions and densities, one sampler a file.

A sampler is ``init(key, position) -> state`` and ``step(key, state) -> (state, draws)``.
"""

from jgen._internal.binding import as_partial as as_partial, bind_static as bind_static
from jgen._internal.members import public_names
from jgen.samplers.annealing_path import AnnealingPath as AnnealingPath
from jgen.samplers.exact.accept_reject import accept_reject as accept_reject
from jgen.samplers.exact.adaptive_rejection import adaptive_rejection as adaptive_rejection
from jgen.samplers.exact.ancestral import ancestral as ancestral
from jgen.samplers.exact.direct import direct as direct
from jgen.samplers.exact.importance import importance as importance
from jgen.samplers.exact.multiple_importance import multiple_importance as multiple_importance
from jgen.samplers.exact.rejection import estimate_log_bound as estimate_log_bound, rejection as rejection
from jgen.samplers.mcmc.adjusted_mclmc import adjusted_mclmc as adjusted_mclmc
from jgen.samplers.mcmc.barker import barker as barker
from jgen.samplers.mcmc.discrete_gibbs import discrete_gibbs as discrete_gibbs
from jgen.samplers.mcmc.elliptical_slice import elliptical_slice as elliptical_slice
from jgen.samplers.mcmc.enumerate_states import enumerate_states as enumerate_states
from jgen.samplers.mcmc.ghmc import ghmc as ghmc
from jgen.samplers.mcmc.hmc import hmc as hmc
from jgen.samplers.mcmc.independent_metropolis import independent_metropolis as independent_metropolis
from jgen.samplers.mcmc.jittered_hmc import jittered_hmc as jittered_hmc
from jgen.samplers.mcmc.mala import mala as mala
from jgen.samplers.mcmc.metropolis import metropolis as metropolis
from jgen.samplers.mcmc.nuts import nuts as nuts
from jgen.samplers.mcmc.slice_sampler import slice_sampler as slice_sampler
from jgen.samplers.populations.adaptive_importance import adaptive_importance as adaptive_importance
from jgen.samplers.populations.annealed import annealed as annealed
from jgen.samplers.populations.smc import smc as smc
from jgen.samplers.populations.tempering import tempering as tempering
from jgen.samplers.stochastic_gradient import minibatch as minibatch
from jgen.samplers.tempering_schedule import (
    dense_covariance as dense_covariance,
    diagonal_covariance as diagonal_covariance,
)
from jgen.samplers.transforms.block import block as block
from jgen.samplers.transforms.burn_in import burn_in as burn_in
from jgen.samplers.transforms.cycle import cycle as cycle
from jgen.samplers.transforms.gibbs import gibbs as gibbs
from jgen.samplers.transforms.select import select as select
from jgen.samplers.transforms.thin import thin as thin
from jgen.samplers.unadjusted.langevin import langevin as langevin
from jgen.samplers.unadjusted.mclmc import mclmc as mclmc
from jgen.samplers.unadjusted.sghmc import sghmc as sghmc
from jgen.samplers.unadjusted.sgld import sgld as sgld

__all__ = public_names(globals())
