"""Public tests: the laws a user runs on his own sampler, network or objective, and how families are found."""

from jgen.laws import LawBroken
from jgen.laws.base import count_compilations
from jgen.testing.check_decoder import check_decoder, check_encoder
from jgen.testing.check_objective import check_objective
from jgen.testing.check_sampler import check_sampler
from jgen.testing.members import members

__all__ = [
    "LawBroken",
    "check_decoder",
    "check_encoder",
    "check_objective",
    "check_sampler",
    "count_compilations",
    "members",
]
