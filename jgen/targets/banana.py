"""Define Haario's banana: a Gaussian bent along a parabola."""

from math import inf

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.parts import check_options
from jgen.targets.pushforward import make_pushforward
from jgen.types import Array, Target

WIDTH = 10.0


def banana(curvature: float = 0.03) -> Target:
    r"""Make the banana: x0 ~ N(0, 10^2), x1 given x0 ~ N(b (x0^2 - 100), 1), with curvature b.

    .. math:: E x = 0, \quad Var x = (100, 1 + 20000 b^2), \quad Var x_0^2 = 20000, \quad \log Z = 0

    It is the volume-preserving image of a Gaussian. The proposal is the image of a Gaussian wider by
    s = e^{1/2} in each of the two coordinates, so ``log_bound = 1``.

    Args:
        curvature: How fast the ridge bends, b; 0 leaves a Gaussian.

    Returns:
        The target; its position is an array ``[2]``.

    Raises:
        ValueError: ``curvature`` is not finite.

    Example:
        >>> target = banana()
        >>> print(target.variance)
        [100.  19.]

    Reference:
        Haario, Saksman and Tamminen, "Adaptive proposal distribution for random walk Metropolis
        algorithm", Computational Statistics 14, 1999.
    """
    check_options("banana", "a finite curvature, usually 0.03", abs(curvature) < inf, curvature=curvature)
    return make_pushforward(
        forward=Partial(bend, curvature),
        inverse=Partial(straighten, curvature),
        mean=np.zeros(2),
        variance=np.array([WIDTH**2, 1 + 2 * curvature**2 * WIDTH**4]),
        expectations={"x0^4": (Partial(fourth_power), 3 * WIDTH**4)},
        source="Haario, Saksman and Tamminen 1999; closed form",
    )


def bend(curvature: float, u: Array) -> Array:
    """Map a standard Gaussian ``u [2]`` to the banana ``[2]``."""
    x0 = WIDTH * u[0]
    return jnp.stack([x0, u[1] + curvature * (x0**2 - WIDTH**2)])


def straighten(curvature: float, x: Array) -> tuple[Array, Array]:
    """Invert ``bend``: return ``u`` ``[2]`` and the log-determinant."""
    u = jnp.stack([x[0] / WIDTH, x[1] - curvature * (x[0] ** 2 - WIDTH**2)])
    return u, -jnp.log(jnp.asarray(WIDTH, x.dtype))


def fourth_power(x: Array) -> Array:
    """Return x0^4."""
    return x[0] ** 4
