"""Define training objectives ``(params, batch, key) -> (loss, aux)``, one a file."""

from jgen.objectives.adversarial_autoencoder import adversarial_autoencoder
from jgen.objectives.adversarial_terms import mean_output, sampled_output
from jgen.objectives.bce import bce
from jgen.objectives.conditional_likelihood import conditional_likelihood
from jgen.objectives.contractive import contractive
from jgen.objectives.decoder_gradient import decoder_gradient
from jgen.objectives.dreg import dreg
from jgen.objectives.elbo import elbo
from jgen.objectives.exact_likelihood import exact_likelihood
from jgen.objectives.gan import gan
from jgen.objectives.iwae import iwae
from jgen.objectives.kernels import imq, rbf
from jgen.objectives.kl import kl
from jgen.objectives.kl_estimates import closed_form_kl, kl_by_coordinate, sampled_kl
from jgen.objectives.latent_l2 import latent_l2
from jgen.objectives.maximum_likelihood import maximum_likelihood
from jgen.objectives.mmd import mmd
from jgen.objectives.mse import mse
from jgen.objectives.perceptual import perceptual
from jgen.objectives.reconstruction import reconstruction
from jgen.objectives.renyi import renyi
from jgen.objectives.scheduled import scheduled
from jgen.objectives.sliced_wasserstein import sliced_wasserstein
from jgen.objectives.wasserstein_gan import wasserstein_gan
from jgen.objectives.weighted import weighted

__all__ = [
    "adversarial_autoencoder",
    "bce",
    "closed_form_kl",
    "conditional_likelihood",
    "contractive",
    "decoder_gradient",
    "dreg",
    "elbo",
    "exact_likelihood",
    "gan",
    "imq",
    "iwae",
    "kl",
    "kl_by_coordinate",
    "latent_l2",
    "maximum_likelihood",
    "mean_output",
    "mmd",
    "mse",
    "perceptual",
    "rbf",
    "reconstruction",
    "renyi",
    "sampled_kl",
    "sampled_output",
    "scheduled",
    "sliced_wasserstein",
    "wasserstein_gan",
    "weighted",
]
