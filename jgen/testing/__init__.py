"""Check samplers, decoders, heads, encoders, objectives and targets; find families; count programs."""

from jgen._internal.members import members
from jgen.testing.check_decoder import check_decoder, check_encoder
from jgen.testing.check_head import check_head
from jgen.testing.check_objective import check_objective
from jgen.testing.check_result import CheckFailed, CheckResult, Measurement
from jgen.testing.check_sampler import check_sampler
from jgen.testing.check_target import check_target
from jgen.testing.count_compilations import count_compilations

__all__ = [
    "CheckFailed",
    "CheckResult",
    "Measurement",
    "check_decoder",
    "check_encoder",
    "check_head",
    "check_objective",
    "check_sampler",
    "check_target",
    "count_compilations",
    "members",
]
