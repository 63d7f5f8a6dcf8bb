"""Models put together: parameters, how to start them, and the distribution they stand for."""

from jgen.models.gaussian_mixture import GaussianMixture, gaussian_mixture

__all__ = ["GaussianMixture", "gaussian_mixture"]
