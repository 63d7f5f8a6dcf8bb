"""Learning objectives: what the gradient is taken of."""

from jgen.objectives.dreg import dreg
from jgen.objectives.elbo import elbo
from jgen.objectives.iwae import iwae
from jgen.objectives.kl_base import closed_form_kl, kl_by_coordinate, sampled_kl
from jgen.objectives.maximum_likelihood import maximum_likelihood
from jgen.objectives.renyi import renyi

__all__ = [
    "closed_form_kl",
    "dreg",
    "elbo",
    "iwae",
    "kl_by_coordinate",
    "maximum_likelihood",
    "renyi",
    "sampled_kl",
]
