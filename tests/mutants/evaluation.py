"""Mutants of estimators of log Z, and of the comparison of models by metrics."""

import numpy as np

from tests.evaluation.evidence.test_bidirectional import check_passes
from tests.evaluation.evidence.test_bridge import check_intervals, check_ratio
from tests.evaluation.test_jackknife import check_mean
from tests.evaluation.test_league import METRIC, check_differences, difference
from tests.evaluation.test_null import check_disjoint
from tests.helpers.mutant import Mutant

BRIDGE, RATIO = "evaluation.evidence.bridge", "evaluation.evidence.density_ratio"
MOVE = "position, _ = annealing_path.move(path, kernel, num_steps, before, key, position)"
WEIGH = "ratio, invalid = annealing_path.log_ratio(path, position)"


def of_ratio(right, wrong, check):
    return Mutant(RATIO, right, wrong, BRIDGE, check)


def of_bridge(right, wrong):
    return Mutant(BRIDGE, right, wrong, check=check_intervals)


def of_passes(right, wrong):
    return Mutant("evaluation.evidence.bidirectional", right, wrong, check=check_passes)


def of_league(right, wrong):
    def check(module):
        check_differences(lambda rng: difference(METRIC, rng, module.league), np.random.default_rng(0))

    return Mutant("evaluation.league", right, wrong, check=check)


MUTANTS = {
    "league, real rows taken for other rows": of_league(
        "- np.asarray(its.by_sample[name])", "+ np.asarray(its.by_sample[name])"
    ),
    "league, the noise of the best forgotten": of_league(
        "for one in (ours, its) if", "for one in (ours,) if"
    ),
    "jackknife, groups taken for rows": Mutant(
        "evaluation.jackknife", "(size - 1) * (values.mean()", "1 * (values.mean()", check=check_mean
    ),
    "null, rows in both parts": Mutant(
        "evaluation.null", "real[order[first:]]", "real[order]", check=check_disjoint
    ),
    "bridge, its ratio reversed": of_ratio("(t - at_target)", "(at_target - t)", check_ratio),
    "bridge, odds of the sizes forgotten": of_ratio("log(size / at_base.size)", "log(1.0)", check_ratio),
    "bridge, a variance for an error": of_ratio("jnp.sqrt(variance)", "variance", check_intervals),
    "bridge, built from the draws that q was fitted to": of_bridge("(flat[:, half:])", "(flat[:, :half])"),
    "bridge, chains taken for independent draws": of_bridge("at_target, ess_mean)", "at_target, jnp.size)"),
    "bidirectional, moves at the temperature below": of_passes(
        "num_steps, before, key", "num_steps, after, key"
    ),
    "bidirectional, weighed before the move": of_passes(
        f"{MOVE}\n        {WEIGH}", f"{WEIGH}\n        {MOVE}"
    ),
    "bidirectional, back passes weighed as passes forth": of_passes("before - after", "after - before"),
}
