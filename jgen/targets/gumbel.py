"""Define independent Gumbel coordinates, with one exponential and one lighter tail."""

from math import log, pi

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Gumbel, Logistic

from jgen.targets.parts import check_options, make_target, sample_from
from jgen.types import Array, Target

EULER = 0.5772156649015329
APERY = 1.2020569031595942
"""zeta(3)"""


def gumbel(dim: int = 10) -> Target:
    r"""Make ``dim`` independent standard Gumbel coordinates, log p = -x - e^{-x}, normalised.

    .. math:: E x = \gamma, \quad Var x = \pi^2 / 6, \quad E (x - \gamma)^3 = 2 \zeta(3), \quad
        E e^{-x} = 1, \quad \log Z = 0

    The force is e^{-x} - 1: a leapfrog step that is stable on the right is unstable a few deviations to the
    left.

    The proposal is logistic, whose ratio e^{-t} (1 + t)^2, t = e^{-x}, is largest at t = 1, so
    ``log_bound`` = dim (log 4 - 1).

    Args:
        dim: Number of coordinates, at least 1.

    Returns:
        The target; its position is an array ``[dim]``.

    Raises:
        ValueError: ``dim`` is below 1.

    Example:
        >>> print(np.round(gumbel(dim=1).mean, 4))
        [0.5772]

    Reference:
        Closed form.
    """
    check_options("gumbel", "dim >= 1", dim >= 1, dim=dim)
    zeros, ones = np.zeros(dim), np.ones(dim)
    return make_target(
        log_density=Partial(log_density),
        start=ones,
        sample=Partial(sample_from, Gumbel(zeros, ones).to_event(1)),
        mean=EULER * ones,
        variance=pi**2 / 6 * ones,
        log_evidence=0.0,
        expectations={"e^-x": (Partial(exponential), ones), "skew": (Partial(cube), 2 * APERY * ones)},
        proposal=Logistic(zeros, ones).to_event(1),
        log_bound=dim * (log(4) - 1),
    )


def log_density(x: Array) -> Array:
    """Evaluate the normalised log-density of ``x [dim]``."""
    return -(x + jnp.exp(-x)).sum()


def exponential(x: Array) -> Array:
    """Return e^-x, ``[dim]``."""
    return jnp.exp(-x)


def cube(x: Array) -> Array:
    """Return cubed deviations from the mean, ``[dim]``."""
    return (x - EULER) ** 3
