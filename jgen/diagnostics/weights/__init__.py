"""Compute with log-weights: log Z, effective size, weighted means, Pareto tails, resampling."""

from jgen.diagnostics.weights.kish_ess import kish_ess
from jgen.diagnostics.weights.log_evidence import log_evidence, log_mean_exp_with_error
from jgen.diagnostics.weights.populations import population_log_weight, population_mean
from jgen.diagnostics.weights.psis import pareto_k, psis
from jgen.diagnostics.weights.resampling import multinomial, stratified, systematic
from jgen.diagnostics.weights.self_normalised import self_normalised, self_normalised_mean

__all__ = [
    "kish_ess",
    "log_evidence",
    "log_mean_exp_with_error",
    "multinomial",
    "pareto_k",
    "population_log_weight",
    "population_mean",
    "psis",
    "self_normalised",
    "self_normalised_mean",
    "stratified",
    "systematic",
]
