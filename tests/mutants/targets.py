"""Mutants of targets: a wrong density or sampler beside a correct truth must be noticed."""

from tests.helpers.examined_targets import check_target
from tests.helpers.mutant import Mutant

ROWS = {
    "9 gamma in logs": ("log_gamma", "return gamma + log_jacobian", "return gamma"),
    "9 Dirichlet, broken stick": ("dirichlet", "- log_norm + log_jacobian", "- log_norm"),
    "9 LKJ, from correlations only": (
        "lkj",
        "log_left[:2].sum() / 2 + log_left.sum()",
        "log_left[:2].sum() / 2",
    ),
    "9 Wishart": ("wishart", "log_wishart - log_norm + log_jacobian", "log_wishart - log_norm"),
    "9 horseshoe, log scales": ("horseshoe", "(log_scale - jnp.logaddexp(0.0", "(-jnp.logaddexp(0.0"),
    "9 truncated normal": ("truncated_normal", "(2 * scale**2) + log_jacobian", "(2 * scale**2)"),
    "8 two moons, radius and angle of one key": (
        "two_moons",
        "square_key, angle_key = jax.random.split(key)",
        "square_key = angle_key = key",
    ),
    "phi4, a field of three links": (
        "phi4",
        "jnp.square(jnp.roll(phi, 1) - phi).sum()",
        "jnp.square(phi[1:] - phi[:-1]).sum()",
    ),
}
MUTANTS = {
    name: Mutant(
        f"targets.{target}",
        right,
        wrong,
        check=lambda planted, make=target: check_target(getattr(planted, make)()),
    )
    for name, (target, right, wrong) in ROWS.items()
}
