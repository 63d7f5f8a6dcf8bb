"""Build latent-variable and density models from networks, priors and data."""

from jgen._internal.members import public_names
from jgen.models.adversarial_autoencoder import adversarial_autoencoder as adversarial_autoencoder
from jgen.models.assemble import Network as Network
from jgen.models.autoencoder import autoencoder as autoencoder
from jgen.models.autoregressive import (
    AutoregressiveModel as AutoregressiveModel,
    autoregressive_model as autoregressive_model,
)
from jgen.models.bayesian_mixture import (
    BayesianMixture as BayesianMixture,
    bayesian_mixture as bayesian_mixture,
)
from jgen.models.flax_functions import apply_of as apply_of, init_of as init_of
from jgen.models.gan import gan as gan
from jgen.models.gaussian_mixture import (
    GaussianMixture as GaussianMixture,
    gaussian_mixture as gaussian_mixture,
)
from jgen.models.independent_pixels import independent_pixels as independent_pixels
from jgen.models.likelihood import bits_per_dimension as bits_per_dimension, log_prob_bound as log_prob_bound
from jgen.models.linear_gaussian import linear_log_prob as linear_log_prob
from jgen.models.linear_vae import linear_vae as linear_vae
from jgen.models.mixture_prior import mixture_prior as mixture_prior
from jgen.models.pca import PCA as PCA, pca as pca
from jgen.models.ppca import PPCA as PPCA, ppca as ppca
from jgen.models.priors import Prior as Prior, fixed_prior as fixed_prior, standard_prior as standard_prior
from jgen.models.relabel_components import relabel_components as relabel_components
from jgen.models.vae import vae as vae
from jgen.models.vamp_prior import vamp_prior as vamp_prior

__all__ = public_names(globals())
