"""Applications: what one does with a model, whole."""

from jgen.applications.compare_samplers import Contest, contest
from jgen.applications.cross_validate import held_out
from jgen.applications.digits_classifier import TrainedClassifier, train_digits_classifier
from jgen.applications.fit import Best, Fit, fit
from jgen.applications.fit_linear_vae import LinearVAEFit, fit_linear_vae
from jgen.applications.fit_mixture import MixtureFit, fit_mixture
from jgen.applications.simple_generative_model import SimpleGenerativeModel

__all__ = [
    "Best",
    "Contest",
    "Fit",
    "LinearVAEFit",
    "MixtureFit",
    "SimpleGenerativeModel",
    "TrainedClassifier",
    "contest",
    "fit",
    "fit_linear_vae",
    "fit_mixture",
    "held_out",
    "train_digits_classifier",
]
