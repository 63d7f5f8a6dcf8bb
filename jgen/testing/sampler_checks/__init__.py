"""Check samplers, one property a file: ``check(make, target, key)`` measures or raises CheckFailed."""

from jgen.testing.check_result import CheckFailed
from jgen.testing.sampler_checks.bias import bias
from jgen.testing.sampler_checks.calibration import calibration
from jgen.testing.sampler_checks.cost import cost
from jgen.testing.sampler_checks.importance_weights import importance_weights
from jgen.testing.sampler_checks.invariance import invariance
from jgen.testing.sampler_checks.metropolised import metropolised
from jgen.testing.sampler_checks.nan_robustness import nan_robustness
from jgen.testing.sampler_checks.no_recompilation import no_recompilation
from jgen.testing.sampler_checks.rank import rank
from jgen.testing.sampler_checks.reversibility import reversibility
from jgen.testing.sampler_checks.target_draws import Make
from jgen.testing.sampler_checks.transform_consistency import transform_consistency
from jgen.testing.sampler_checks.warm_up import warm_up

__all__ = [
    "CheckFailed",
    "Make",
    "bias",
    "calibration",
    "cost",
    "importance_weights",
    "invariance",
    "metropolised",
    "nan_robustness",
    "no_recompilation",
    "rank",
    "reversibility",
    "transform_consistency",
    "warm_up",
]
