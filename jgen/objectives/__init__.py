"""Learning objectives: what the gradient is taken of."""

from jgen.objectives.maximum_likelihood import maximum_likelihood

__all__ = ["maximum_likelihood"]
