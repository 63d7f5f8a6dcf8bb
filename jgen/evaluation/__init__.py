"""Evaluate models and samplers: estimates are ``Result``s with an interval and a protocol."""

from jgen._internal.members import public_names
from jgen.evaluation.league import LeagueRow as LeagueRow, league as league
from jgen.evaluation.metric import (
    evaluate as evaluate,
    keep_rows as keep_rows,
    merge_processes as merge_processes,
)
from jgen.evaluation.log_likelihood import LogLikelihood as LogLikelihood, log_likelihood as log_likelihood
from jgen.evaluation.mode_coverage import ModeCoverage as ModeCoverage, mode_coverage as mode_coverage
from jgen.evaluation.recipe import (
    Known as Known,
    MetricRecipe as MetricRecipe,
    gaussian_pair as gaussian_pair,
)
from jgen.evaluation.results import (
    against_best as against_best,
    compare as compare,
    mean_result as mean_result,
)
from jgen.evaluation.sampler_metrics import evaluate_draws as evaluate_draws, round_metrics as round_metrics
from jgen.evaluation.timing import timed_sample as timed_sample

__all__ = public_names(globals())
