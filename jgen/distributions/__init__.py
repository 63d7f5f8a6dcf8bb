"""Make, change and compare NumPyro distributions by pure functions."""

from jgen._internal.members import public_names
from jgen.distributions.affine import affine as affine
from jgen.distributions.autoregressive import autoregressive as autoregressive
from jgen.distributions.bernoulli import bernoulli as bernoulli
from jgen.distributions.categorical import categorical as categorical
from jgen.distributions.conditional import conditional as conditional
from jgen.distributions.covering_proposal import covering_proposal as covering_proposal
from jgen.distributions.directed import directed as directed
from jgen.distributions.gaussian import gaussian as gaussian
from jgen.distributions.interpolate import (
    interpolate as interpolate,
    interpolate_log_density as interpolate_log_density,
)
from jgen.distributions.joint import joint as joint
from jgen.distributions.kl import kl as kl
from jgen.distributions.marginal import marginal as marginal
from jgen.distributions.mixture import mixture as mixture
from jgen.distributions.multivariate_normal import MultivariateNormal as MultivariateNormal
from jgen.distributions.parameters import (
    gather as gather,
    log_prob_of as log_prob_of,
    map_parameters as map_parameters,
)
from jgen.distributions.product import product as product
from jgen.distributions.symmetrised import symmetrised as symmetrised
from jgen.distributions.temper import temper as temper
from jgen.distributions.token_truncation import truncation as truncation
from jgen.distributions.total_variation import total_variation as total_variation
from jgen.distributions.validated import ValidatedOnHost as ValidatedOnHost
from jgen.distributions.wasserstein2 import wasserstein2 as wasserstein2

__all__ = public_names(globals())
