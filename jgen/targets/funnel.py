"""Define Neal's funnel, in which one coordinate sets the scale of the others."""

from math import exp, log

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.parts import check_options
from jgen.targets.pushforward import make_pushforward
from jgen.types import Array, Target, Trait

WIDTH = 3.0
"""Standard deviation of the log-variance v."""


def funnel(dim: int = 10) -> Target:
    r"""Make the funnel: v ~ N(0, 3^2), x_i given v ~ N(0, e^v), i = 1 .. dim - 1.

    .. math:: Var v = 9, \quad Var x_i = e^{9/2}, \quad \log Z = 0

    Rare, huge draws carry the variance of x_i: assess a sampler by ``expectations["u^2"]``,
    the squares of u = (v/3, x e^{-v/2}), which are iid N(0, 1).

    The position is (v, x). The proposal is the funnel of a u that is wider by s, s^dim = e, so
    ``log_bound = 1``.

    Args:
        dim: Number of coordinates, v included, at least 2.

    Returns:
        The target; its position is an array ``[dim]``.

    Raises:
        ValueError: ``dim`` is below 2.

    Example:
        >>> target = funnel(dim=3)
        >>> print(target.variance.round(2))
        [ 9.   90.02 90.02]

    Reference:
        Neal, "Slice sampling", Annals of Statistics 31, 2003, section 8.
    """
    check_options("funnel", "dim >= 2, one scale v and at least one x", dim >= 2, dim=dim)
    return make_pushforward(
        Trait.STIFF,
        Trait.HEAVY_TAILED,
        forward=Partial(forward),
        inverse=Partial(inverse),
        mean=np.zeros(dim),
        variance=np.append(WIDTH**2, np.full(dim - 1, exp(WIDTH**2 / 2))),
        expectations={},
        source="Neal 2003; closed form",
    )


def forward(u: Array) -> Array:
    """Map a standard Gaussian ``u [dim]`` to the funnel ``[dim]``."""
    v = WIDTH * u[0]
    return jnp.concatenate([v[None], jnp.exp(v / 2) * u[1:]])


def inverse(x: Array) -> tuple[Array, Array]:
    """Invert ``forward``: return ``u`` ``[dim]`` and the log-determinant."""
    v = x[0]
    u = jnp.concatenate([v[None] / WIDTH, jnp.exp(-v / 2) * x[1:]])
    return u, -(len(x) - 1) * v / 2 - log(WIDTH)
