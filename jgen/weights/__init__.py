"""Arithmetic on log-weights: log Z and its error, effective sample size, weighted means, Pareto tails."""

from jgen.weights.kish_ess import kish_ess
from jgen.weights.log_evidence import log_evidence, log_mean_exp
from jgen.weights.psis import pareto_k, psis
from jgen.weights.self_normalised import self_normalised, self_normalised_mean

__all__ = [
    "kish_ess",
    "log_evidence",
    "log_mean_exp",
    "pareto_k",
    "psis",
    "self_normalised",
    "self_normalised_mean",
]
