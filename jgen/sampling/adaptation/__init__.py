"""Adaptations: what learns during warm-up, as values given to the driver."""

from jgen.sampling.adaptation.chees import chees
from jgen.sampling.adaptation.fisher import fisher
from jgen.sampling.adaptation.ladder import ladder
from jgen.sampling.adaptation.low_rank import low_rank
from jgen.sampling.adaptation.meads import meads
from jgen.sampling.adaptation.per_member import each
from jgen.sampling.adaptation.step_size import step_size
from jgen.sampling.adaptation.window import window

__all__ = ["chees", "each", "fisher", "ladder", "low_rank", "meads", "step_size", "window"]
