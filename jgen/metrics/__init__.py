"""How good draws are, as numbers that say by what rule they were found."""

from jgen.metrics.modes import ModesHeld, modes_held

__all__ = ["ModesHeld", "modes_held"]
