"""Independent Gumbel coordinates: one tail light as can be, the other exponential."""

from math import log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Logistic

from jgen.types import Array, Key, Target

EULER = 0.5772156649015329
APERY = 1.2020569031595942
"""zeta(3)"""


def gumbel(dim: int = 10) -> Target:
    r"""``dim`` independent standard Gumbel coordinates, log p = -x - e^{-x}, normalised.

    .. math:: E x = \gamma, \quad Var x = \pi^2 / 6, \quad E (x - \gamma)^3 = 2 \zeta(3), \quad
        E e^{-x} = 1, \quad \log Z = 0

    The force is e^{-x} - 1: a leapfrog that is easy on the right is unstable a few deviations to the left.

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
    if dim < 1:
        raise ValueError(f"gumbel needs dim >= 1, got dim={dim}: give at least one coordinate.")
    zeros, ones = np.zeros(dim), np.ones(dim)
    return Target(
        log_density=Partial(log_density),
        start=jnp.asarray(ones),
        sample=Partial(sample, jnp.asarray(zeros)),
        mean=jnp.asarray(EULER * ones),
        variance=jnp.asarray(pi**2 / 6 * ones),
        log_evidence=0.0,
        expectations={
            "e^-x": (Partial(force), jnp.asarray(ones)),
            "skew": (Partial(cube), jnp.asarray(2 * APERY * ones)),
        },
        proposal=Logistic(jnp.asarray(zeros), jnp.asarray(ones)).to_event(1),
        log_bound=dim * (log(4) - 1),
        name="gumbel",
        source="closed form",
    )


def log_density(x: Array) -> Array:
    """The normalised log-density of ``x [dim]``."""
    return -(x + jnp.exp(-x)).sum()


def force(x: Array) -> Array:
    """Gives e^-x, ``[dim]``."""
    return jnp.exp(-x)


def cube(x: Array) -> Array:
    """Cubed deviations from the mean, ``[dim]``."""
    return (x - EULER) ** 3


def sample(zeros: Array, key: Key) -> Array:
    """One exact draw ``[dim]``."""
    return jax.random.gumbel(key, zeros.shape, zeros.dtype)
