"""Adaptations: what learns during warm-up, as values given to the driver."""

from jgen.adaptation.chees import chees
from jgen.adaptation.each import each
from jgen.adaptation.fisher import fisher
from jgen.adaptation.ladder import ladder
from jgen.adaptation.low_rank import low_rank
from jgen.adaptation.meads import meads
from jgen.adaptation.step_size import step_size
from jgen.adaptation.window import window

__all__ = ["chees", "each", "fisher", "ladder", "low_rank", "meads", "step_size", "window"]
