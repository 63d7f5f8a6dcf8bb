"""Diagnose Markov chains from draws ``[chain, draw]`` of one scalar, by pure functions, for jit and vmap."""

from jgen._internal.members import public_names
from jgen.diagnostics.bfmi import bfmi as bfmi
from jgen.diagnostics.ess import (
    ess_bulk as ess_bulk,
    ess_mean as ess_mean,
    ess_quantile as ess_quantile,
    ess_tail as ess_tail,
)
from jgen.diagnostics.mcse import mcse_mean as mcse_mean, mcse_quantile as mcse_quantile, mcse_sd as mcse_sd
from jgen.diagnostics.mcse_between import mcse_between as mcse_between
from jgen.diagnostics.rhat import rhat as rhat
from jgen.diagnostics.summary import Summary as Summary, log_evidence as log_evidence, summary as summary
from jgen.diagnostics.welch import welch_satterthwaite as welch_satterthwaite

__all__ = public_names(globals())
