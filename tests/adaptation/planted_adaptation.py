"""Bugs of the adaptations."""

from planting import Bug

LEARNING = {
    "window, variances not centred": (
        Bug(
            "adaptation.windows_base",
            "within, between = scatter(rows - mean[None])",
            "within, between = scatter(rows)",
            "adaptation.window",
        ),
        "window_learns_the_variances",
    ),
    "window, variances for deviations": (
        Bug("adaptation.window", "factor = jnp.sqrt(", "factor = jnp.asarray("),
        "window_learns_the_variances",
    ),
    "dense window, the upper factor": (
        Bug("adaptation.window", "jnp.linalg.cholesky(covariance)", "jnp.linalg.cholesky(covariance).T"),
        "dense_window_learns_the_covariance",
    ),
    "Fisher, gradients not looked at": (
        Bug(
            "adaptation.windows_base",
            "scale = (positions.scatter / gradients.scatter) ** 0.25",
            "scale = (positions.scatter / positions.num_seen) ** 0.5",
            "adaptation.fisher",
        ),
        "fisher_knows_the_scales_exactly",
    ),
    "Fisher, the metric for its factor": (
        Bug(
            "adaptation.windows_base",
            "gradients.scatter) ** 0.25",
            "gradients.scatter) ** 0.5",
            "adaptation.fisher",
        ),
        "fisher_knows_the_scales_exactly",
    ),
    "low rank, variances for deviations": (
        Bug("adaptation.low_rank", "jnp.where(counts, jnp.sqrt(variances), 1.0)", "variances"),
        "low_rank_is_exact_where_the_rank_suffices",
    ),
    "low rank, draws only": (
        Bug(
            "adaptation.low_rank",
            "mean = inverse_root @ symmetric_power(root @ of_draws @ root, 0.5)",
            "mean = of_draws  #",
        ),
        "low_rank_is_exact_where_the_rank_suffices",
    ),
    "low rank, no transpose": (
        Bug(
            "adaptation.low_rank",
            "LowRankFactor(self.right, self.left,",
            "LowRankFactor(self.left, self.right,",
        ),
        "low_rank_has_the_transpose_of_its_matrix",
    ),
    "ChEES, downhill": (
        Bug("adaptation.chees", "log_length = memory.log_length + ", "log_length = memory.log_length - "),
        "chees_climbs_to_the_length_of_a_normal",
    ),
    "ChEES, the jitter left out of the slope": (
        Bug("adaptation.chees", "slopes = flown.length * change", "slopes = change"),
        "chees_knows_the_slope_of_a_normal",
    ),
    "ChEES, jumps instead of changes of the square": (
        Bug(
            "adaptation.chees",
            "change * jnp.sum(end * velocity, axis=1)",
            "jnp.sum((end - start) * velocity, axis=1)",
        ),
        "chees_knows_the_slope_of_a_normal",
    ),
    "ChEES, diverged trajectories weigh as others": (
        Bug("adaptation.chees", "jnp.where(usable, rates, 0.0)", "jnp.ones_like(rates)"),
        "chees_knows_the_slope_of_a_normal",
    ),
    "MEADS, the eigenvalue for its root": (
        Bug("adaptation.meads", "0.5 / jnp.sqrt(largest_eigenvalue(", "0.8 / (largest_eigenvalue("),
        "meads_learns_scales_step_and_damping",
    ),
    "MEADS, gradients not whitened": (
        Bug("adaptation.meads", "largest_eigenvalue(gradients * scale)", "largest_eigenvalue(gradients)"),
        "meads_learns_scales_step_and_damping",
    ),
    "MEADS, a fold hears itself": (
        Bug("adaptation.meads", "1 + index % (num_folds - 1)", "index % num_folds"),
        "no_fold_of_meads_hears_itself",
    ),
}
"""Name -> the bug, and the known answer it must miss."""
