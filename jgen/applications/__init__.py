"""Apply models and samplers to whole tasks: fit, cross-validate, compare."""

from jgen._internal.members import public_names
from jgen.applications.compare_samplers import (
    Entry as Entry,
    SamplerComparison as SamplerComparison,
    compare_samplers as compare_samplers,
)
from jgen.applications.cross_validate import cross_validate as cross_validate
from jgen.applications.digits_classifier import (
    TrainedClassifier as TrainedClassifier,
    train_digits_classifier as train_digits_classifier,
)
from jgen.applications.fit import Best as Best, Fit as Fit, fit as fit
from jgen.applications.fit_linear_vae import LinearVAEFit as LinearVAEFit, fit_linear_vae as fit_linear_vae
from jgen.applications.fit_mixture import MixtureFit as MixtureFit, fit_mixture as fit_mixture
from jgen.applications.simple_generative_model import SimpleGenerativeModel as SimpleGenerativeModel

__all__ = public_names(globals())
