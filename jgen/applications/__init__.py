"""Applications: what one does with a model, whole."""

from jgen.applications.fit_mixture import MixtureFit, fit_mixture
from jgen.applications.held_out import held_out

__all__ = ["MixtureFit", "fit_mixture", "held_out"]
