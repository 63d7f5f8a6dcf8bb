"""Estimate log Z with its error, where weights alone do not suffice."""

from jgen.evaluation.evidence.agreement import Agreement, agreement
from jgen.evaluation.evidence.bidirectional import Bounds, bidirectional
from jgen.evaluation.evidence.bridge import bridge
from jgen.evaluation.evidence.stepping_stones import stepping_stones
from jgen.evaluation.evidence.thermodynamic import thermodynamic

__all__ = [
    "Agreement",
    "Bounds",
    "agreement",
    "bidirectional",
    "bridge",
    "stepping_stones",
    "thermodynamic",
]
