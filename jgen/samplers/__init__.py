"""Samplers, one a file: ``init(key, position) -> state``, ``step(key, state) -> (state, draws)``."""

from jgen.samplers.ancestral import ancestral
from jgen.samplers.direct import direct
from jgen.samplers.hmc import hmc
from jgen.samplers.importance import importance
from jgen.samplers.mala import mala
from jgen.samplers.metropolis import metropolis
from jgen.samplers.nuts import nuts
from jgen.samplers.rejection import estimate_log_bound, rejection

__all__ = [
    "ancestral",
    "direct",
    "estimate_log_bound",
    "hmc",
    "importance",
    "mala",
    "metropolis",
    "nuts",
    "rejection",
]
