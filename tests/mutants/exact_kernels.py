"""Bugs of Barker, elliptical slice, independent Metropolis and adjusted MCLMC."""

from tests.mutants.kernels import Bug

BARKER, SLICE, INDEPENDENT = (
    "samplers.mcmc.barker",
    "samplers.mcmc.elliptical_slice",
    "samplers.mcmc.independent_metropolis",
)


def in_adjusted_mclmc(right: str, wrong: str) -> Bug:
    """A bug of the dynamics that microcanonical samplers share."""
    return Bug("samplers.microcanonical", right, wrong, "samplers.mcmc.adjusted_mclmc")


EXACT_BUGS = {
    "1 Barker, ratio reversed": Bug(
        BARKER,
        "value - state.log_density + jnp.sum(leaning)",
        "state.log_density - value - jnp.sum(leaning)",
    ),
    "Barker, signs lean downhill": Bug(
        BARKER, "jax.nn.sigmoid(walk * force)", "jax.nn.sigmoid(-walk * force)"
    ),
    "Barker, the ratio of the signs reversed": Bug(BARKER, "+ jnp.sum(leaning)", "- jnp.sum(leaning)"),
    "Barker, force of the end forgotten": Bug(
        BARKER, "force_back = to_force(factor, gradient)", "force_back = force"
    ),
    "7 Barker, gradient of a rejected proposal": Bug(
        BARKER, "    info = {", "    state = state._replace(gradient=gradient)\n    info = {"
    ),
    "elliptical slice, a prior mean of zero": Bug(
        SLICE, "mean = gaussian_parameters(prior)[0]", "mean = 0.0 * gaussian_parameters(prior)[0]"
    ),
    "elliptical slice, threshold at the likelihood itself": Bug(
        SLICE, "threshold = state.log_density + log_uniform(", "threshold = state.log_density + 0.0 * ("
    ),
    "8 elliptical slice, a key used twice": Bug(
        SLICE,
        "    kind = state.log_density.dtype\n",
        "    kind, angle_key = state.log_density.dtype, threshold_key\n",
    ),
    "independent Metropolis, proposal density forgotten": Bug(
        INDEPENDENT, "log_weight - state.log_weight", "value - state.log_density"
    ),
    "1 independent Metropolis, ratio reversed": Bug(
        INDEPENDENT, "log_weight - state.log_weight", "state.log_weight - log_weight"
    ),
    "independent Metropolis, weight of a rejected proposal": Bug(
        INDEPENDENT, "    info = {", "    state = state._replace(log_weight=log_weight)\n    info = {"
    ),
    "2 adjusted MCLMC, no accept step": Bug(
        "samplers.mcmc.adjusted_mclmc", "-end.energy_error, proposed", "-0.0 * end.energy_error, proposed"
    ),
    "adjusted MCLMC, kinetic energy forgotten": in_adjusted_mclmc("+ first_gain + second_gain ", ""),
    "adjusted MCLMC, kinetic energy of the first half turns only": in_adjusted_mclmc("+ second_gain ", ""),
    "adjusted MCLMC, Jacobian of one dimension too many": in_adjusted_mclmc(
        "gain = (dim - 1) *", "gain = dim *"
    ),
    "adjusted MCLMC, a whole turn at the end": in_adjusted_mclmc(
        "turn(direction, to_force(factor, gradient), 0.5 * step_size)",
        "turn(direction, to_force(factor, gradient), step_size)",
    ),
}

# The bracket loses the position: the kernel still is exact, as it stays where it finds nothing, but lame.
BRACKET_BUGS = {
    "bracket shrunk away from the position": Bug(
        SLICE, "is_below = ellipse.angle < 0", "is_below = ellipse.angle > 0"
    ),
    "bracket always shrunk from above": Bug(
        SLICE, "is_below = ellipse.angle < 0", "is_below = jnp.bool(False)"
    ),
}

# Wrong motions whose energy error is the right one for them: exact, but it does not vanish with the step.
MOTION_BUGS = {
    "speed of one dimension more": in_adjusted_mclmc(
        "direction.size**0.5 * to_velocity", "(direction.size + 1) ** 0.5 * to_velocity"
    ),
    "turned as if in one dimension more": in_adjusted_mclmc("time * size / (dim - 1)", "time * size / dim"),
}
