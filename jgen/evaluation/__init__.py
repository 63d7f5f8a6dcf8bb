"""Evaluate models and samplers: estimates are ``Result``s with an interval and a protocol."""

from jgen._internal.members import public_names
from jgen.evaluation.answers_needed import AnswersNeeded as AnswersNeeded, answers_needed as answers_needed
from jgen.evaluation.auroc import auroc as auroc, auroc_metric as auroc_metric
from jgen.evaluation.auth_pct import (
    AuthPct as AuthPct,
    auth_pct as auth_pct,
    auth_pct_metric as auth_pct_metric,
)
from jgen.evaluation.average_precision import (
    average_precision as average_precision,
    average_precision_metric as average_precision_metric,
)
from jgen.evaluation.bits_per_character import (
    bits_per_character as bits_per_character,
    bits_per_character_metric as bits_per_character_metric,
)
from jgen.evaluation.bleu import bleu as bleu, bleu_metric as bleu_metric
from jgen.evaluation.bradley_terry import bradley_terry as bradley_terry
from jgen.evaluation.c2st import C2ST as C2ST, c2st as c2st, c2st_metric as c2st_metric
from jgen.evaluation.chrf import chrf as chrf, chrf_metric as chrf_metric
from jgen.evaluation.density_coverage import (
    DensityCoverage as DensityCoverage,
    density_coverage as density_coverage,
    density_coverage_metric as density_coverage_metric,
)
from jgen.evaluation.distinct import distinct as distinct, distinct_metric as distinct_metric
from jgen.evaluation.energy_distance import (
    EnergyDistance as EnergyDistance,
    energy_distance as energy_distance,
    energy_distance_metric as energy_distance_metric,
)
from jgen.evaluation.entropic_ot import (
    EntropicOT as EntropicOT,
    entropic_ot as entropic_ot,
    entropic_ot_metric as entropic_ot_metric,
)
from jgen.evaluation.feature_moments import (
    Moments as Moments,
    load_statistics as load_statistics,
    merge_moments as merge_moments,
    moments_of as moments_of,
    save_statistics as save_statistics,
)
from jgen.evaluation.frechet import Frechet as Frechet, frechet as frechet, frechet_metric as frechet_metric
from jgen.evaluation.frontier_integral import (
    frontier_integral as frontier_integral,
    frontier_integral_metric as frontier_integral_metric,
)
from jgen.evaluation.inception_score import (
    inception_score as inception_score,
    inception_score_metric as inception_score_metric,
)
from jgen.evaluation.kid import kid as kid, kid_metric as kid_metric
from jgen.evaluation.league import LeagueRow as LeagueRow, league as league
from jgen.evaluation.log_likelihood import LogLikelihood as LogLikelihood, log_likelihood as log_likelihood
from jgen.evaluation.loo import Loo as Loo, loo as loo
from jgen.evaluation.mauve import Mauve as Mauve, mauve as mauve, mauve_metric as mauve_metric
from jgen.evaluation.metric import (
    evaluate as evaluate,
    keep_rows as keep_rows,
    merge_processes as merge_processes,
)
from jgen.evaluation.mmd import MMD as MMD, mmd as mmd, mmd_metric as mmd_metric
from jgen.evaluation.mode_coverage import ModeCoverage as ModeCoverage, mode_coverage as mode_coverage
from jgen.evaluation.perplexity import perplexity as perplexity, perplexity_metric as perplexity_metric
from jgen.evaluation.precision_recall import (
    PrecisionRecall as PrecisionRecall,
    precision_recall as precision_recall,
    precision_recall_metric as precision_recall_metric,
)
from jgen.evaluation.probes import Probes as Probes, probes as probes, probes_metric as probes_metric
from jgen.evaluation.rater_agreement import rater_agreement as rater_agreement
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
from jgen.evaluation.sliced_wasserstein import (
    SlicedWasserstein as SlicedWasserstein,
    sliced_wasserstein as sliced_wasserstein,
    sliced_wasserstein_metric as sliced_wasserstein_metric,
)
from jgen.evaluation.timing import timed_sample as timed_sample
from jgen.evaluation.train_on_synthetic import (
    TrainOnSynthetic as TrainOnSynthetic,
    train_on_synthetic as train_on_synthetic,
    train_on_synthetic_metric as train_on_synthetic_metric,
)
from jgen.evaluation.vendi import vendi as vendi, vendi_metric as vendi_metric
from jgen.evaluation.win_rate import win_rate as win_rate, win_rate_metric as win_rate_metric

__all__ = public_names(globals())
