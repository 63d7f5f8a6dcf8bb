"""Define training objectives ``(params, batch, key) -> (loss, aux)``, one a file."""

from jgen._internal.members import public_names
from jgen.objectives.adversarial_autoencoder import adversarial_autoencoder as adversarial_autoencoder
from jgen.objectives.adversarial_terms import mean_output as mean_output, sampled_output as sampled_output
from jgen.objectives.bce import bce as bce
from jgen.objectives.conditional_likelihood import conditional_likelihood as conditional_likelihood
from jgen.objectives.contractive import contractive as contractive
from jgen.objectives.decoder_gradient import decoder_gradient as decoder_gradient
from jgen.objectives.dreg import dreg as dreg
from jgen.objectives.elbo import elbo as elbo
from jgen.objectives.exact_likelihood import exact_likelihood as exact_likelihood
from jgen.objectives.gan import gan as gan
from jgen.objectives.iwae import iwae as iwae
from jgen.objectives.kernels import imq as imq, rbf as rbf
from jgen.objectives.kl import kl as kl
from jgen.objectives.kl_estimates import (
    closed_form_kl as closed_form_kl,
    kl_by_coordinate as kl_by_coordinate,
    sampled_kl as sampled_kl,
)
from jgen.objectives.latent_l2 import latent_l2 as latent_l2
from jgen.objectives.maximum_likelihood import maximum_likelihood as maximum_likelihood
from jgen.objectives.mmd import mmd as mmd
from jgen.objectives.mse import mse as mse
from jgen.objectives.perceptual import perceptual as perceptual
from jgen.objectives.reconstruction import reconstruction as reconstruction
from jgen.objectives.renyi import renyi as renyi
from jgen.objectives.scheduled import scheduled as scheduled
from jgen.objectives.sliced_wasserstein import sliced_wasserstein as sliced_wasserstein
from jgen.objectives.wasserstein_gan import wasserstein_gan as wasserstein_gan
from jgen.objectives.weighted import weighted as weighted

__all__ = public_names(globals())
