"""Define Rosenbrock's valley as a distribution of independent pairs."""

from math import log

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.parts import check_options, coordinate_powers
from jgen.targets.pushforward import make_pushforward
from jgen.types import Array, Target, Trait

THICKNESS = 0.1
"""Variance of y about the parabola."""


def rosenbrock(pairs: int = 18) -> Target:
    r"""Make thin, bent valleys: x ~ N(1, 1), y given x ~ N(x^2, 0.1), in independent pairs.

    .. math:: E y = 2, \quad E y^2 = 10.1, \quad Var x^2 = 6, \quad Var y^2 = 668.02, \quad \log Z = 0

    Along a valley the largest curvature grows as 40 x^2.

    The position holds all x, then all y. The proposal is the image of a Gaussian wider by s in each
    coordinate, s^dim = e, so ``log_bound = 1``.

    Args:
        pairs: Number of pairs, at least 1.

    Returns:
        The target; its position is an array ``[2 pairs]``.

    Raises:
        ValueError: ``pairs`` is below 1.

    Example:
        >>> target = rosenbrock(pairs=1)
        >>> print(target.mean, target.variance)
        [1. 2.] [1.  6.1]

    Reference:
        Rosenbrock, Computer Journal 3, 1960; Pagani, Wiegand and Nadarajah, "An n-dimensional
        Rosenbrock distribution for Markov chain Monte Carlo testing", 2022. Moments in closed form.
    """
    check_options("rosenbrock", "pairs >= 1, of two coordinates each", pairs >= 1, pairs=pairs)
    ones = np.ones(pairs)
    return make_pushforward(
        Trait.STIFF,
        forward=Partial(forward),
        inverse=Partial(inverse),
        mean=np.concatenate([ones, 2 * ones]),
        variance=np.concatenate([ones, 6.1 * ones]),
        expectations={"x^4": (Partial(coordinate_powers, 4), np.concatenate([10 * ones, 770.03 * ones]))},
        source="Pagani, Wiegand and Nadarajah 2022; closed form",
    )


def forward(u: Array) -> Array:
    """Map a standard Gaussian ``u [2 pairs]`` to the valley ``[2 pairs]``."""
    x = 1 + u[: len(u) // 2]
    return jnp.concatenate([x, x**2 + THICKNESS**0.5 * u[len(u) // 2 :]])


def inverse(x: Array) -> tuple[Array, Array]:
    """Invert ``forward``: return ``u`` ``[2 pairs]`` and the log-determinant."""
    pairs = len(x) // 2
    first, second = x[:pairs], x[pairs:]
    u = jnp.concatenate([first - 1, (second - first**2) / THICKNESS**0.5])
    return u, jnp.asarray(-pairs * log(THICKNESS) / 2, x.dtype)
