"""Bugs of annealed importance sampling, SMC and resampling."""

from tests.helpers.mutant import Bug

ANNEALED, SMC = "samplers.populations.annealed", "samplers.populations.smc"

WEIGHTING_BUGS = {
    "annealed, increment taken at the new point": Bug(
        ANNEALED,
        "        ratio, invalid = log_ratio(path, position)\n",
        "        position, _ = move(path, kernel, num_steps, after, key, position)\n"
        "        ratio, invalid = log_ratio(path, position)\n",
    ),
    "annealed, kernel of the temperature before": Bug(
        ANNEALED, "num_steps, after, key, position)", "num_steps, before, key, position)"
    ),
    "SMC, weights kept after resampling": Bug(
        SMC, "jnp.where(is_poor, log_mean, log_weight), ess", "log_weight, ess"
    ),
    "SMC, kernel of the temperature before": Bug(
        SMC, "move_all(make, after, move_key, position)", "move_all(make, beta, move_key, position)"
    ),
}
OFF_BY_ONE = Bug("diagnostics.weights.resampling", "(index + offset) / size", "(index + 1 + offset) / size")
FLIPPED = Bug("samplers.tempering_schedule", "> jnp.log(ess_fraction)", "< jnp.log(ess_fraction)")
