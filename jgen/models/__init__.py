"""Build latent-variable and density models from networks, priors and data."""

from jgen.models.adversarial_autoencoder import adversarial_autoencoder
from jgen.models.assemble import Network
from jgen.models.autoencoder import autoencoder
from jgen.models.autoregressive import AutoregressiveModel, autoregressive_model
from jgen.models.bayesian_mixture import BayesianMixture, bayesian_mixture
from jgen.models.flax_functions import apply_of, init_of
from jgen.models.gan import gan
from jgen.models.gaussian_mixture import GaussianMixture, gaussian_mixture
from jgen.models.independent_pixels import independent_pixels
from jgen.models.likelihood import bits_per_dimension, log_prob_bound
from jgen.models.linear_gaussian import linear_log_prob
from jgen.models.linear_vae import linear_vae
from jgen.models.mixture_prior import mixture_prior
from jgen.models.pca import PCA, pca
from jgen.models.ppca import PPCA, ppca
from jgen.models.priors import Prior, fixed_prior, standard_prior
from jgen.models.relabel_components import relabel_components
from jgen.models.vae import vae
from jgen.models.vamp_prior import vamp_prior

__all__ = [
    "PCA",
    "PPCA",
    "AutoregressiveModel",
    "BayesianMixture",
    "GaussianMixture",
    "Network",
    "Prior",
    "adversarial_autoencoder",
    "apply_of",
    "autoencoder",
    "autoregressive_model",
    "bayesian_mixture",
    "bits_per_dimension",
    "fixed_prior",
    "gan",
    "gaussian_mixture",
    "independent_pixels",
    "init_of",
    "linear_log_prob",
    "linear_vae",
    "log_prob_bound",
    "mixture_prior",
    "pca",
    "ppca",
    "relabel_components",
    "standard_prior",
    "vae",
    "vamp_prior",
]
