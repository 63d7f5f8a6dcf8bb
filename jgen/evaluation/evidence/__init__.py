"""Estimate log Z with its error, where weights alone do not suffice."""

from jgen._internal.members import public_names
from jgen.evaluation.evidence.agreement import Agreement as Agreement, agreement as agreement
from jgen.evaluation.evidence.bidirectional import Bounds as Bounds, bidirectional as bidirectional
from jgen.evaluation.evidence.bridge import bridge as bridge
from jgen.evaluation.evidence.stepping_stones import stepping_stones as stepping_stones
from jgen.evaluation.evidence.thermodynamic import thermodynamic as thermodynamic

__all__ = public_names(globals())
