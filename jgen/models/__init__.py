"""Models put together: parameters, how to start them, and the distribution they stand for."""

from jgen.models.align import align
from jgen.models.bayesian_mixture import BayesianMixture, bayesian_mixture
from jgen.models.gaussian_mixture import GaussianMixture, gaussian_mixture

__all__ = ["BayesianMixture", "GaussianMixture", "align", "bayesian_mixture", "gaussian_mixture"]
