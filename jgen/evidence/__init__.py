"""Estimates of log Z that need more than weights: each a ``Result``, with its error."""

from jgen.evidence.bidirectional import Bounds, bidirectional
from jgen.evidence.bridge import bridge

__all__ = ["Bounds", "bidirectional", "bridge"]
