"""Bugs of unadjusted kernels and of those that follow mini-batches."""

from tests.mutants.kernels import Bug

LANGEVIN, SGLD, SGHMC = (
    "samplers.unadjusted.langevin",
    "samplers.unadjusted.sgld",
    "samplers.unadjusted.sghmc",
)


def in_mclmc(right: str, wrong: str) -> Bug:
    """A bug of the dynamics that microcanonical samplers share."""
    return Bug("samplers.microcanonical", right, wrong, "samplers.unadjusted.mclmc")


ENERGY_ERROR_BUGS = {
    "Langevin, noise of sqrt(e)": Bug(
        LANGEVIN,
        "to_velocity(factor, noise + half_force)",
        "to_velocity(factor, 0.5**0.5 * noise + half_force)",
    ),
    "Langevin, energy error reversed": Bug(
        LANGEVIN,
        "energy_error = state.log_density - value + ",
        "energy_error = value - state.log_density - ",
    ),
    "Langevin, gradient left behind": Bug(
        LANGEVIN, "ChainState(unravel(x), value, gradient,", "ChainState(unravel(x), value, state.gradient,"
    ),
    "MCLMC, kinetic energy forgotten": in_mclmc("+ first_gain + second_gain ", ""),
    "MCLMC, a direction of another length": Bug(
        "samplers.unadjusted.mclmc", "direction = direction / jnp.linalg.norm(direction)\n", "\n"
    ),
    "MCLMC, gradient left behind": Bug(
        "samplers.unadjusted.mclmc",
        "end.log_density, end.gradient, end.direction",
        "end.log_density, state.gradient, end.direction",
    ),
}

VARIANCE_BUGS = {
    "Langevin, noise of sqrt(e)": ENERGY_ERROR_BUGS["Langevin, noise of sqrt(e)"],
    "Langevin, the force twice": Bug(
        LANGEVIN, "half_force = 0.5 * step_size * to_force", "half_force = step_size * to_force"
    ),
    "SGLD, noise of sqrt(e)": Bug(
        SGLD, "to_velocity(factor, noise + kick)", "to_velocity(factor, 0.5**0.5 * noise + kick)"
    ),
    "8 SGLD, a key used twice": Bug(
        SGLD, "noise_key, batch_key = jax.random.split(key)", "noise_key = batch_key = key"
    ),
    "SGLD, the first batch for ever": Bug(
        SGLD, "flatten(Partial(estimate, batch_key),", "flatten(Partial(estimate, jax.random.key(0)),"
    ),
    "SGHMC, noise for half the friction": Bug(SGHMC, "jnp.maximum(2 * friction -", "jnp.maximum(friction -"),
    "SGHMC, noise of the gradient added to its heat": Bug(
        SGHMC, "2 * friction - step_size**2 *", "2 * friction + step_size**2 *"
    ),
    "SGHMC, no friction": Bug(SGHMC, "(1 - friction).astype", "(1 - 0 * friction).astype"),
    "8 SGHMC, a key used twice": Bug(
        SGHMC,
        "noise_key, batch_key = jax.random.split(key)\n    step_size",
        "noise_key = batch_key = key\n    step_size",
    ),
}

SURVIVAL_BUGS = {
    "Langevin, a NaN followed": Bug(
        LANGEVIN, "    moved = ChainState(", "    usable |= True\n    moved = ChainState("
    ),
    "MCLMC, a NaN followed": Bug(
        "samplers.unadjusted.mclmc", "usable = end.energy_error < jnp.inf", "usable = end.energy_error > -1.0"
    ),
    "SGLD, a NaN followed": Bug(
        SGLD, "usable = is_usable(value, gradient)", "usable = jnp.isfinite(value) | True"
    ),
    "SGHMC, a NaN gradient followed": Bug(
        SGHMC, "usable = is_usable(value, gradient)", "usable = jnp.isfinite(value)"
    ),
}

MINIBATCH_BUGS = {
    "likelihood not scaled by N / B": Bug(
        "samplers.stochastic_gradient",
        "num_data / len(indices) * jnp.sum(terms)",
        "jnp.sum(terms)",
    ),
    "prior scaled too": Bug(
        "samplers.stochastic_gradient",
        "log_prior(position) + num_data / len(indices) * jnp.sum(terms)",
        "num_data / len(indices) * (log_prior(position) + jnp.sum(terms))",
    ),
    "a batch of the first data only": Bug(
        "samplers.stochastic_gradient", "0, len(jax.tree.leaves(data)[0]))", "0, batch_size)"
    ),
}
