"""Compute with log-weights: log Z, effective size, weighted means, Pareto tails, resampling."""

from jgen._internal.members import public_names
from jgen.diagnostics.weights.kish_ess import kish_ess as kish_ess
from jgen.diagnostics.weights.log_evidence import (
    log_evidence as log_evidence,
    log_mean_exp_with_error as log_mean_exp_with_error,
)
from jgen.diagnostics.weights.populations import (
    population_log_weight as population_log_weight,
    population_mean as population_mean,
)
from jgen.diagnostics.weights.psis import pareto_k as pareto_k, psis as psis
from jgen.diagnostics.weights.resampling import (
    multinomial as multinomial,
    stratified as stratified,
    systematic as systematic,
)
from jgen.diagnostics.weights.self_normalised import (
    self_normalised as self_normalised,
    self_normalised_mean as self_normalised_mean,
)

__all__ = public_names(globals())
