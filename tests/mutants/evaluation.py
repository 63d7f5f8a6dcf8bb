"""Mutants of estimators of log Z."""

from tests.evaluation.evidence.test_bidirectional import check_passes
from tests.evaluation.evidence.test_bridge import check_intervals, check_ratio
from tests.helpers.mutant import Mutant

BRIDGE, RATIO = "evaluation.evidence.bridge", "evaluation.evidence.density_ratio"


def of_ratio(right, wrong, check):
    return Mutant(RATIO, right, wrong, BRIDGE, check)


def of_passes(right, wrong):
    return Mutant("evaluation.evidence.bidirectional", right, wrong, check=check_passes)


MUTANTS = {
    "bridge, its ratio reversed": of_ratio(
        "log_sigmoid(t - at_target)", "log_sigmoid(at_target - t)", check_ratio
    ),
    "bridge, odds of the sizes forgotten": of_ratio(
        "jnp.log(size / at_base.size)", "0.0 * size", check_ratio
    ),
    "bridge, a variance for an error": of_ratio(
        "jnp.inf, jnp.sqrt(variance)", "jnp.inf, variance", check_intervals
    ),
    "bridge, built from the draws that q was fitted to": Mutant(
        BRIDGE, "log_ratio))(flat[:, half:])", "log_ratio))(flat[:, :half])", check=check_intervals
    ),
    "bridge, chains taken for independent draws": Mutant(
        BRIDGE, "at_target, ess_mean)", "at_target, jnp.size)", check=check_intervals
    ),
    "bidirectional, moves at the temperature below": of_passes(
        "num_steps, before, key, position)", "num_steps, after, key, position)"
    ),
    "bidirectional, weighed before the move": of_passes(
        "position, _ = move(path, kernel, num_steps, before, key, position)\n"
        "        ratio, invalid = log_ratio(path, position)",
        "ratio, invalid = log_ratio(path, position)\n"
        "        position, _ = move(path, kernel, num_steps, before, key, position)",
    ),
    "bidirectional, back passes weighed as passes forth": of_passes(
        "log_increment(before - after, ratio)", "log_increment(after - before, ratio)"
    ),
}
