"""Evaluate models and samplers: estimates are ``Result``s with an interval and a protocol."""

from jgen._internal.members import public_names
from jgen.evaluation.bits_per_character import (
    bits_per_character as bits_per_character,
    bits_per_character_metric as bits_per_character_metric,
)
from jgen.evaluation.bleu import bleu as bleu, bleu_metric as bleu_metric
from jgen.evaluation.chrf import chrf as chrf, chrf_metric as chrf_metric
from jgen.evaluation.distinct import distinct as distinct, distinct_metric as distinct_metric
from jgen.evaluation.frontier_integral import (
    frontier_integral as frontier_integral,
    frontier_integral_metric as frontier_integral_metric,
)
from jgen.evaluation.league import LeagueRow as LeagueRow, league as league
from jgen.evaluation.mauve import Mauve as Mauve, mauve as mauve, mauve_metric as mauve_metric
from jgen.evaluation.metric import (
    evaluate as evaluate,
    keep_rows as keep_rows,
    merge_processes as merge_processes,
)
from jgen.evaluation.mode_coverage import ModeCoverage as ModeCoverage, mode_coverage as mode_coverage
from jgen.evaluation.perplexity import perplexity as perplexity, perplexity_metric as perplexity_metric
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
from jgen.evaluation.rouge import Rouge as Rouge, rouge as rouge, rouge_metric as rouge_metric
from jgen.evaluation.sampler_metrics import evaluate_draws as evaluate_draws, round_metrics as round_metrics
from jgen.evaluation.self_bleu import self_bleu as self_bleu, self_bleu_metric as self_bleu_metric
from jgen.evaluation.sequence_log_probs import sum_log_probs as sum_log_probs
from jgen.evaluation.timing import timed_sample as timed_sample

__all__ = public_names(globals())
