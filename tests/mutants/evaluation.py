"""Bugs of bridges."""

from tests.helpers.mutant import Bug

RATIO_BUGS = {
    "bridge, its ratio reversed": Bug(
        "evaluation.evidence.density_ratio",
        "log_sigmoid(t - at_target)",
        "log_sigmoid(at_target - t)",
        "evaluation.evidence.bridge",
    ),
    "bridge, odds of the sizes forgotten": Bug(
        "evaluation.evidence.density_ratio",
        "jnp.log(size / at_base.size)",
        "0.0 * size",
        "evaluation.evidence.bridge",
    ),
}
INTERVAL_BUGS = {
    "bridge, built from the draws that q was fitted to": Bug(
        "evaluation.evidence.bridge", "log_ratio))(flat[:, half:])", "log_ratio))(flat[:, :half])"
    ),
    "bridge, chains taken for independent draws": Bug(
        "evaluation.evidence.bridge", "at_target, ess_mean)", "at_target, jnp.size)"
    ),
    "bridge, a variance for an error": Bug(
        "evaluation.evidence.density_ratio",
        "jnp.inf, jnp.sqrt(variance)",
        "jnp.inf, variance",
        "evaluation.evidence.bridge",
    ),
}
PASS_BUGS = {
    "bidirectional, moves at the temperature below": Bug(
        "evaluation.evidence.bidirectional",
        "num_steps, before, key, position)",
        "num_steps, after, key, position)",
    ),
    "bidirectional, weighed before the move": Bug(
        "evaluation.evidence.bidirectional",
        "position, _ = move(path, kernel, num_steps, before, key, position)\n"
        "        ratio, invalid = log_ratio(path, position)",
        "ratio, invalid = log_ratio(path, position)\n"
        "        position, _ = move(path, kernel, num_steps, before, key, position)",
    ),
    "bidirectional, back passes weighed as passes forth": Bug(
        "evaluation.evidence.bidirectional", "scaled(before - after, ratio)", "scaled(after - before, ratio)"
    ),
}
