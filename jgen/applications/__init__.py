"""Apply models and samplers to whole tasks: fit, cross-validate, compare."""

from jgen._internal.members import public_names
from jgen.applications.compare_models import compare_models as compare_models
from jgen.applications.compare_samplers import (
    Entry as Entry,
    SamplerComparison as SamplerComparison,
    compare_samplers as compare_samplers,
)
from jgen.applications.cross_validate import cross_validate as cross_validate
from jgen.applications.digit_models import (
    DigitModel as DigitModel,
    bits_per_pixel as bits_per_pixel,
    digit_models as digit_models,
)
from jgen.applications.digits_classifier import (
    TrainedClassifier as TrainedClassifier,
    train_digits_classifier as train_digits_classifier,
)
from jgen.applications.fit import Best as Best, Fit as Fit, fit as fit
from jgen.applications.fit_linear_vae import LinearVAEFit as LinearVAEFit, fit_linear_vae as fit_linear_vae
from jgen.applications.fit_mixture import MixtureFit as MixtureFit, fit_mixture as fit_mixture
from jgen.applications.named_extractors import (
    HAVE_LABELS as HAVE_LABELS,
    NEED_WEIGHTS as NEED_WEIGHTS,
    named_extractors as named_extractors,
)
from jgen.applications.show_league import show_league as show_league
from jgen.applications.show_samples import show_samples as show_samples
from jgen.applications.simple_generative_model import SimpleGenerativeModel as SimpleGenerativeModel

__all__ = public_names(globals())
