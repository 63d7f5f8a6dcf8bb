"""Adaptations: what learns during warm-up, as values given to the driver."""

from jgen.adaptation.step_size import step_size
from jgen.adaptation.window import window

__all__ = ["step_size", "window"]
