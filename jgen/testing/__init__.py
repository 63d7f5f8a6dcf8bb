"""Check what users write: samplers, networks, objectives, metrics, targets; find families; count programs."""

from jgen._internal.members import members as members, public_names
from jgen.testing.check_decoder import check_decoder as check_decoder, check_encoder as check_encoder
from jgen.testing.check_head import check_head as check_head
from jgen.testing.check_metric import check_metric as check_metric
from jgen.testing.check_objective import check_objective as check_objective
from jgen.testing.check_result import (
    CheckFailed as CheckFailed,
    CheckResult as CheckResult,
    Measurement as Measurement,
)
from jgen.testing.check_sampler import check_sampler as check_sampler
from jgen.testing.check_target import check_target as check_target
from jgen.testing.count_compilations import count_compilations as count_compilations

__all__ = public_names(globals())
