"""Laws that every sampler must keep, one a file: ``law(make, target, key)`` raises ``LawBroken``."""

from jgen.laws.adjusted import adjusted
from jgen.laws.base import LawBroken, Make
from jgen.laws.bias import bias
from jgen.laws.calibration_base import calibration
from jgen.laws.cost import cost
from jgen.laws.invariance import invariance
from jgen.laws.purity import purity
from jgen.laws.rank import rank
from jgen.laws.rebuilding import rebuilding
from jgen.laws.reversibility import reversibility
from jgen.laws.survival import survival
from jgen.laws.warm_up import warm_up
from jgen.laws.weighting import weighting

__all__ = [
    "LawBroken",
    "Make",
    "adjusted",
    "bias",
    "calibration",
    "cost",
    "invariance",
    "purity",
    "rank",
    "rebuilding",
    "reversibility",
    "survival",
    "warm_up",
    "weighting",
]
