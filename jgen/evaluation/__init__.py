"""Evaluate models and samplers: every number is a ``Result`` with its interval and protocol."""

from jgen.evaluation.mode_coverage import ModesHeld, modes_held
from jgen.evaluation.results import against_best, compare, mean_result
from jgen.evaluation.sampler_metrics import rounded, score
from jgen.evaluation.timing import timed_sample

__all__ = [
    "ModesHeld",
    "against_best",
    "compare",
    "mean_result",
    "modes_held",
    "rounded",
    "score",
    "timed_sample",
]
