"""Make, change and compare NumPyro distributions by pure functions."""

from jgen.distributions.affine import affine
from jgen.distributions.autoregressive import autoregressive
from jgen.distributions.bernoulli import bernoulli
from jgen.distributions.categorical import categorical
from jgen.distributions.conditional import conditional
from jgen.distributions.covering_proposal import covering_proposal
from jgen.distributions.directed import directed
from jgen.distributions.gaussian import gaussian
from jgen.distributions.interpolate import interpolate, interpolate_log_density
from jgen.distributions.joint import joint
from jgen.distributions.kl import kl
from jgen.distributions.marginal import marginal
from jgen.distributions.mixture import mixture
from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.distributions.parameters import gather, log_prob_of, map_parameters
from jgen.distributions.product import product
from jgen.distributions.symmetrised import symmetrised
from jgen.distributions.temper import temper
from jgen.distributions.token_truncation import truncation
from jgen.distributions.total_variation import total_variation
from jgen.distributions.validated import ValidatedOnHost
from jgen.distributions.wasserstein2 import wasserstein2

__all__ = [
    "MultivariateNormal",
    "ValidatedOnHost",
    "affine",
    "autoregressive",
    "bernoulli",
    "categorical",
    "conditional",
    "covering_proposal",
    "directed",
    "gather",
    "gaussian",
    "interpolate",
    "interpolate_log_density",
    "joint",
    "kl",
    "log_prob_of",
    "map_parameters",
    "marginal",
    "mixture",
    "product",
    "symmetrised",
    "temper",
    "total_variation",
    "truncation",
    "wasserstein2",
]
