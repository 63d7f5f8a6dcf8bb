"""Bugs of adaptive rejection, in the sampler and in its hull."""

from tests.mutants.kernels import Bug

USER = "samplers.exact.adaptive_rejection"
HULL_BUGS = {
    "adaptive rejection, everything accepted": Bug(
        USER, "(log_uniform(uniform) < lp - envelope)", "(log_uniform(uniform) < 1.0)"
    ),
    "adaptive rejection, the ratio reversed": Bug(USER, "< lp - envelope", "< envelope - lp"),
    "adaptive rejection, the mass of the first hull": Bug(
        USER, "jnp.where(accepted, log_mass", "jnp.where(accepted, 0.0 * log_mass"
    ),
    "8 adaptive rejection, a key used twice": Bug(
        USER, "jax.random.uniform(accept_key, dtype=dtype)", "jax.random.uniform(place_key)"
    ),
    "adaptive rejection, a segment entered from the wrong end": Bug(
        "samplers.tangent_hull",
        "jnp.where(slope > 0, right - drop, left + drop)",
        "jnp.where(slope < 0, right - drop, left + drop)",
        USER,
    ),
    "adaptive rejection, segments that weigh their height": Bug(
        "samplers.tangent_hull",
        "log_mass = height + jnp.where(curved",
        "log_mass = height + 0.0 * jnp.where(curved",
        USER,
    ),
    "adaptive rejection, a tangent dropped by the next": Bug(
        "samplers.tangent_hull", "hull.num_used + fits)", "hull.num_used)", USER
    ),
    "adaptive rejection, knots out of order": Bug(
        "samplers.tangent_hull",
        "hull.num_used) & (hull.x < x))",
        "hull.num_used) & (hull.x > x))",
        USER,
    ),
}
