"""Diagnose Markov chains from draws ``[chain, draw]`` of one scalar, by pure functions, for jit and vmap."""

from jgen.diagnostics.bfmi import bfmi
from jgen.diagnostics.ess import ess_bulk, ess_mean, ess_quantile, ess_tail
from jgen.diagnostics.mcse import mcse_mean, mcse_quantile, mcse_sd
from jgen.diagnostics.mcse_between import mcse_between
from jgen.diagnostics.rhat import rhat
from jgen.diagnostics.summary import Summary, log_evidence, summary
from jgen.diagnostics.welch import welch_satterthwaite

__all__ = [
    "Summary",
    "bfmi",
    "ess_bulk",
    "ess_mean",
    "ess_quantile",
    "ess_tail",
    "log_evidence",
    "mcse_between",
    "mcse_mean",
    "mcse_quantile",
    "mcse_sd",
    "rhat",
    "summary",
    "welch_satterthwaite",
]
