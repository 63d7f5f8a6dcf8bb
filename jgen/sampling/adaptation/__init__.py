"""Adapt samplers during warm-up: step size, mass matrix, trajectory length, temperatures."""

from jgen.sampling.adaptation.chees import chees
from jgen.sampling.adaptation.fisher import fisher
from jgen.sampling.adaptation.ladder import ladder
from jgen.sampling.adaptation.low_rank import low_rank
from jgen.sampling.adaptation.meads import meads
from jgen.sampling.adaptation.per_member import per_member
from jgen.sampling.adaptation.step_size import step_size
from jgen.sampling.adaptation.window import window

__all__ = ["chees", "fisher", "ladder", "low_rank", "meads", "per_member", "step_size", "window"]
