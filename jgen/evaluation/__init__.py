"""Evaluate models and samplers: estimates are ``Result``s with an interval and a protocol."""

from jgen.evaluation.mode_coverage import ModeCoverage, mode_coverage
from jgen.evaluation.results import against_best, compare, mean_result
from jgen.evaluation.sampler_metrics import evaluate_draws, round_metrics
from jgen.evaluation.timing import timed_sample

__all__ = [
    "ModeCoverage",
    "against_best",
    "compare",
    "evaluate_draws",
    "mean_result",
    "mode_coverage",
    "round_metrics",
    "timed_sample",
]
