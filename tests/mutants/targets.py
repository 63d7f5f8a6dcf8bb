"""Bugs planted in targets: a truth is only a truth where a wrong density next to it is noticed."""

from tests.helpers.mutant import Bug

BUGS = {
    "9 gamma in logs": Bug("targets.log_gamma", "return gamma + log_jacobian", "return gamma"),
    "9 Dirichlet, broken stick": Bug("targets.dirichlet", "- log_norm + log_jacobian", "- log_norm"),
    "9 LKJ, from correlations only": Bug(
        "targets.lkj", "log_left[:2].sum() / 2 + log_left.sum()", "log_left[:2].sum() / 2"
    ),
    "9 Wishart": Bug("targets.wishart", "log_wishart - log_norm + log_jacobian", "log_wishart - log_norm"),
    "9 horseshoe, log scales": Bug(
        "targets.horseshoe", "(log_scale - jnp.logaddexp(0.0", "(-jnp.logaddexp(0.0"
    ),
    "9 truncated normal": Bug("targets.truncated_normal", "(2 * scale**2) + log_jacobian", "(2 * scale**2)"),
    "8 two moons, radius and angle of one key": Bug(
        "targets.two_moons",
        "square_key, angle_key = jax.random.split(key)",
        "square_key = angle_key = key",
    ),
    "phi4, a field of three links": Bug(
        "targets.phi4", "jnp.square(jnp.roll(phi, 1) - phi).sum()", "jnp.square(phi[1:] - phi[:-1]).sum()"
    ),
}
