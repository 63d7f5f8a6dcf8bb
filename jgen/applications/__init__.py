"""Apply models and samplers to whole tasks: fit, cross-validate, compare."""

from jgen.applications.compare_samplers import SamplerComparison, compare_samplers
from jgen.applications.cross_validate import cross_validate
from jgen.applications.digits_classifier import TrainedClassifier, train_digits_classifier
from jgen.applications.fit import Best, Fit, fit
from jgen.applications.fit_linear_vae import LinearVAEFit, fit_linear_vae
from jgen.applications.fit_mixture import MixtureFit, fit_mixture
from jgen.applications.simple_generative_model import SimpleGenerativeModel

__all__ = [
    "Best",
    "Fit",
    "LinearVAEFit",
    "MixtureFit",
    "SamplerComparison",
    "SimpleGenerativeModel",
    "TrainedClassifier",
    "compare_samplers",
    "cross_validate",
    "fit",
    "fit_linear_vae",
    "fit_mixture",
    "train_digits_classifier",
]
