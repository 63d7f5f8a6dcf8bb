"""NumPyro distributions whose parameters are validated on the host, where that takes no time."""

from jgen.validated.base import ValidatedOnHost
from jgen.validated.multivariate_normal import MultivariateNormal

__all__ = ["MultivariateNormal", "ValidatedOnHost"]
