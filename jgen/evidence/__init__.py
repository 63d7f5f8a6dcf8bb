"""Estimates of log Z that need more than weights: each a ``Result``, with its error."""

from jgen.evidence.agreement import Agreement, agreement
from jgen.evidence.bidirectional import Bounds, bidirectional
from jgen.evidence.bridge import bridge
from jgen.evidence.stepping_stones import stepping_stones
from jgen.evidence.thermodynamic import thermodynamic

__all__ = [
    "Agreement",
    "Bounds",
    "agreement",
    "bidirectional",
    "bridge",
    "stepping_stones",
    "thermodynamic",
]
