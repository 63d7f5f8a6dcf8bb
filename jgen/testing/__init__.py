"""Public tests: the laws a user runs on his own sampler, network or objective, and how families are found."""

from jgen._internal.members import members
from jgen.testing.check_decoder import check_decoder, check_encoder
from jgen.testing.check_objective import check_objective
from jgen.testing.check_sampler import check_sampler
from jgen.testing.count_compilations import count_compilations
from jgen.testing.sampler_checks import CheckFailed

__all__ = [
    "CheckFailed",
    "check_decoder",
    "check_encoder",
    "check_objective",
    "check_sampler",
    "count_compilations",
    "members",
]
