"""Evaluate models and samplers: every number is a ``Result`` with its interval and protocol."""

from jgen.evaluation.mode_coverage import ModeCoverage, mode_coverage
from jgen.evaluation.results import against_best, compare, mean_result
from jgen.evaluation.sampler_metrics import rounded, score
from jgen.evaluation.timing import timed_sample

__all__ = [
    "ModeCoverage",
    "against_best",
    "compare",
    "mean_result",
    "mode_coverage",
    "rounded",
    "score",
    "timed_sample",
]
