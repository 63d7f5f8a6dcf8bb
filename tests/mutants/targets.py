"""Mutants of targets: a wrong density or sampler beside a correct truth must be noticed."""

from functools import partial

from tests.helpers.examined_targets import check_target
from tests.helpers.mutant import Mutant

ROWS = {
    "9 gamma in logs": ("log_gamma", "return gamma + log_jacobian", "return gamma"),
    "9 Dirichlet, broken stick": ("dirichlet", "- log_norm + log_jacobian", "- log_norm"),
    "9 LKJ, from correlations only": ("lkj", "].sum() / 2 + log_left.sum()", "].sum() / 2"),
    "9 Wishart": ("wishart", "log_wishart - log_norm + log_jacobian", "log_wishart - log_norm"),
    "9 horseshoe, log scales": ("horseshoe", "(log_scale - jnp.logaddexp(0.0", "(-jnp.logaddexp(0.0"),
    "9 truncated normal": ("truncated_normal", "(2 * scale**2) + log_jacobian", "(2 * scale**2)"),
    "8 two moons, radius and angle of one key": (
        "two_moons",
        ", angle_key = jax.random.split(",
        " = angle_key = (",
    ),
    "phi4, a field of three links": ("phi4", "jnp.roll(phi, 1) - phi)", "phi[1:] - phi[:-1])"),
}


def check_factory(name, planted):
    check_target(getattr(planted, name)())


MUTANTS = {
    name: Mutant(f"targets.{target}", right, wrong, check=partial(check_factory, target))
    for name, (target, right, wrong) in ROWS.items()
}
