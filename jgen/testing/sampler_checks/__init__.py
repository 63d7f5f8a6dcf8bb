"""Laws that every sampler must keep, one a file: ``law(make, target, key)`` raises ``LawBroken``."""

from jgen.testing.check_result import LawBroken
from jgen.testing.sampler_checks.bias import bias
from jgen.testing.sampler_checks.calibration import calibration
from jgen.testing.sampler_checks.cost import cost
from jgen.testing.sampler_checks.importance_weights import weighting
from jgen.testing.sampler_checks.invariance import invariance
from jgen.testing.sampler_checks.metropolised import adjusted
from jgen.testing.sampler_checks.nan_robustness import survival
from jgen.testing.sampler_checks.no_recompilation import rebuilding
from jgen.testing.sampler_checks.rank import rank
from jgen.testing.sampler_checks.reversibility import reversibility
from jgen.testing.sampler_checks.target_draws import Make
from jgen.testing.sampler_checks.transform_consistency import purity
from jgen.testing.sampler_checks.warm_up import warm_up

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
