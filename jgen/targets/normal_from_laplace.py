"""A normal law under a Laplace envelope."""

from math import log, pi

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import Laplace

from jgen.targets.bindable import power
from jgen.types import Array, Target, Trait


def normal_from_laplace() -> Target:
    r"""N(0, 1), normalised, with a standard Laplace proposal.

    .. math:: \sup_x 2 N(x; 0, 1) e^{|x|} = \sqrt{2 e / \pi} = 1.31548925, \quad at \; x = \pm 1

    Returns:
        The target; its position is a scalar array ``[]``; rejection accepts 1 / 1.31548925 of its proposals.

    Example:
        >>> round(float(jnp.exp(normal_from_laplace().log_bound)), 6)
        1.315489

    Reference:
        Robert and Casella, "Monte Carlo statistical methods", 2004, section 2.3.
    """
    return Target(
        log_density=Partial(log_density),
        start=jnp.asarray(1.0),
        sample=Partial(jax.random.normal),
        mean=jnp.zeros(1),
        variance=jnp.ones(1),
        log_evidence=0.0,
        expectations={"x^4": (Partial(power, 4), jnp.full(1, 3.0))},
        proposal=Laplace(jnp.asarray(0.0), jnp.asarray(1.0)),
        log_bound=(1 + log(2 / pi)) / 2,
        name="normal_from_laplace",
        traits=frozenset({Trait.LOG_CONCAVE}),
        source="closed form",
    )


def log_density(x: Array) -> Array:
    """The log-density of ``x []``."""
    return -(x**2) / 2 - log(2 * pi) / 2
