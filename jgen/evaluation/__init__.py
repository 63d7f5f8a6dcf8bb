"""Evaluate models and samplers: estimates are ``Result``s with an interval and a protocol."""

from jgen._internal.members import public_names
from jgen.evaluation.c2st import C2ST as C2ST, c2st as c2st, c2st_metric as c2st_metric
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
from jgen.evaluation.mmd import MMD as MMD, mmd as mmd, mmd_metric as mmd_metric
from jgen.evaluation.mode_coverage import ModeCoverage as ModeCoverage, mode_coverage as mode_coverage
from jgen.evaluation.probes import (
    Probes as Probes,
    probes as probes,
    probes_metric as probes_metric,
)
from jgen.evaluation.results import (
    against_best as against_best,
    compare as compare,
    mean_result as mean_result,
)
from jgen.evaluation.sampler_metrics import evaluate_draws as evaluate_draws, round_metrics as round_metrics
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

__all__ = public_names(globals())
