"""Check samplers, one property a file: ``check(make, target, key)`` measures or raises CheckFailed."""

from jgen._internal.members import public_names
from jgen.testing.check_result import CheckFailed as CheckFailed
from jgen.testing.sampler_checks.bias import bias as bias
from jgen.testing.sampler_checks.calibration import calibration as calibration
from jgen.testing.sampler_checks.cost import cost as cost
from jgen.testing.sampler_checks.importance_weights import importance_weights as importance_weights
from jgen.testing.sampler_checks.invariance import invariance as invariance
from jgen.testing.sampler_checks.metropolised import metropolised as metropolised
from jgen.testing.sampler_checks.nan_robustness import nan_robustness as nan_robustness
from jgen.testing.sampler_checks.no_recompilation import no_recompilation as no_recompilation
from jgen.testing.sampler_checks.rank import rank as rank
from jgen.testing.sampler_checks.reversibility import reversibility as reversibility
from jgen.testing.sampler_checks.target_draws import Make as Make
from jgen.testing.sampler_checks.transform_consistency import transform_consistency as transform_consistency
from jgen.testing.sampler_checks.warm_up import warm_up as warm_up

__all__ = public_names(globals())
