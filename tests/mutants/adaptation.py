"""Bugs of the adaptations."""

from tests.helpers.mutant import Bug

LEARNING = {
    "window, variances not centred": (
        Bug(
            "sampling.adaptation.growing_windows",
            "within, between = scatter(rows - mean[None])",
            "within, between = scatter(rows)",
            "sampling.adaptation.window",
        ),
        "window_learns_the_variances",
    ),
    "window, variances for deviations": (
        Bug("sampling.adaptation.window", "factor = jnp.sqrt(", "factor = jnp.asarray("),
        "window_learns_the_variances",
    ),
    "dense window, the upper factor": (
        Bug(
            "sampling.adaptation.window",
            "jnp.linalg.cholesky(covariance)",
            "jnp.linalg.cholesky(covariance).T",
        ),
        "dense_window_learns_the_covariance",
    ),
    "Fisher, gradients not looked at": (
        Bug(
            "sampling.adaptation.growing_windows",
            "scale = (positions.scatter / gradients.scatter) ** 0.25",
            "scale = (positions.scatter / positions.num_seen) ** 0.5",
            "sampling.adaptation.fisher",
        ),
        "fisher_knows_the_scales_exactly",
    ),
    "Fisher, the metric for its factor": (
        Bug(
            "sampling.adaptation.growing_windows",
            "gradients.scatter) ** 0.25",
            "gradients.scatter) ** 0.5",
            "sampling.adaptation.fisher",
        ),
        "fisher_knows_the_scales_exactly",
    ),
    "low rank, variances for deviations": (
        Bug("sampling.adaptation.low_rank", "jnp.where(counts, jnp.sqrt(variances), 1.0)", "variances"),
        "low_rank_is_exact_where_the_rank_suffices",
    ),
    "low rank, draws only": (
        Bug(
            "sampling.adaptation.low_rank",
            "mean = inverse_root @ symmetric_power(root @ of_draws @ root, 0.5)",
            "mean = of_draws  #",
        ),
        "low_rank_is_exact_where_the_rank_suffices",
    ),
    "low rank, no transpose": (
        Bug(
            "sampling.adaptation.low_rank",
            "LowRankFactor(self.right, self.left,",
            "LowRankFactor(self.left, self.right,",
        ),
        "low_rank_has_the_transpose_of_its_matrix",
    ),
    "ChEES, downhill": (
        Bug(
            "sampling.adaptation.chees",
            "log_length = memory.log_length + ",
            "log_length = memory.log_length - ",
        ),
        "chees_climbs_to_the_length_of_a_normal",
    ),
    "ChEES, the jitter left out of the slope": (
        Bug("sampling.adaptation.chees", "slopes = flown.length * change", "slopes = change"),
        "chees_knows_the_slope_of_a_normal",
    ),
    "ChEES, jumps instead of changes of the square": (
        Bug(
            "sampling.adaptation.chees",
            "change * jnp.sum(end * velocity, axis=1)",
            "jnp.sum((end - start) * velocity, axis=1)",
        ),
        "chees_knows_the_slope_of_a_normal",
    ),
    "ChEES, diverged trajectories weigh as others": (
        Bug("sampling.adaptation.chees", "jnp.where(usable, rates, 0.0)", "jnp.ones_like(rates)"),
        "chees_knows_the_slope_of_a_normal",
    ),
    "MEADS, the eigenvalue for its root": (
        Bug("sampling.adaptation.meads", "0.5 / jnp.sqrt(largest_eigenvalue(", "0.8 / (largest_eigenvalue("),
        "meads_learns_scales_step_and_damping",
    ),
    "MEADS, gradients not whitened": (
        Bug(
            "sampling.adaptation.meads",
            "largest_eigenvalue(gradients * scale)",
            "largest_eigenvalue(gradients)",
        ),
        "meads_learns_scales_step_and_damping",
    ),
    "MEADS, a fold hears itself": (
        Bug("sampling.adaptation.meads", "1 + index % (num_folds - 1)", "index % num_folds"),
        "no_fold_of_meads_hears_itself",
    ),
}
"""Name -> the bug, and the known answer it must miss."""

A_CHAIN = '__import__("functools").reduce(lambda m, rate: average(m, rate, target), {rates}, {memory})'
RATES = 'draws.info["acceptance_rate"]'
ONCE = {
    "5 step size, averaged once a chain": Bug(
        "sampling.adaptation.step_size",
        "average(memory, mean_acceptance(draws), target)",
        A_CHAIN.format(rates=RATES, memory="memory"),
    ),
    "5 window, averaged once a chain": Bug(
        "sampling.adaptation.growing_windows",
        "average(memory.step, mean_acceptance(draws), target)",
        A_CHAIN.format(rates=RATES, memory="memory.step"),
        "sampling.adaptation.window",
    ),
    "5 ChEES, averaged once a chain": Bug(
        "sampling.adaptation.chees",
        "average(memory.step, harmonic_mean, target)",
        A_CHAIN.format(rates="rates", memory="memory.step"),
    ),
    "step size, the last step is not the average": Bug(
        "sampling.adaptation.step_size", "index + 1 == num_warmup", "index == num_warmup"
    ),
    "window, the last step is not the average": Bug(
        "sampling.adaptation.growing_windows",
        "log_step = jnp.where(index + 1 == num_warmup",
        "log_step = jnp.where(index == num_warmup",
        "sampling.adaptation.window",
    ),
    "dual averaging, the error turned round": Bug(
        "sampling.adaptation.dual_averaging",
        "error_sum + target - acceptance_rate",
        "error_sum - target + acceptance_rate",
        "sampling.adaptation.step_size",
    ),
    "dual averaging, no memory of errors": Bug(
        "sampling.adaptation.dual_averaging",
        "error_sum = memory.error_sum + target",
        "error_sum = target",
        "sampling.adaptation.step_size",
    ),
}
"""What the path of step sizes gives away."""

RUNNING = {
    "6 the driver goes on adapting": Bug(
        "sampling.driver",
        "reducer_states = fold(reducers, reducer_states, draws)\n        buffer",
        """tuning = state.states.tuning
        rate = jnp.mean(draws.info["acceptance_rate"])
        tuning = tuning._replace(step_size=tuning.step_size * jnp.exp(0.01 * (rate - 0.8)))
        state = state._replace(states=state.states._replace(tuning=tuning))
        reducer_states = fold(reducers, reducer_states, draws)
        buffer""",
    ),
    "6 the kernel goes on adapting": Bug(
        "samplers.leapfrog",
        "    info = {",
        """    step_size = state.tuning.step_size * jnp.exp(0.01 * (acceptance_rate - 0.8))
    state = state._replace(tuning=state.tuning._replace(step_size=step_size))
    info = {""",
        "samplers.mcmc.hmc",
    ),
}
"""Adaptation left running."""

MIXED = {
    "each, the last member's acceptance for all": Bug(
        "sampling.adaptation.per_member", "of_member(draws, number), index", "draws, index"
    ),
    "each, members in the wrong order": Bug(
        "sampling.adaptation.per_member", 'f"acceptance_rate_{number}"', 'f"acceptance_rate_{1 - number}"'
    ),
}
"""Members of a cycle that hear each other."""
