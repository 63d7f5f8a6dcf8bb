"""Define a Gaussian warped into a wave."""

from math import exp, inf

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.parts import check_options, first_product
from jgen.targets.pushforward import make_pushforward
from jgen.types import Array, Target

WIDTH = 2.0


def squiggle(amplitude: float = 3.0, frequency: float = 1.0) -> Target:
    r"""Make the wave: x0 ~ N(0, 2^2), x1 given x0 ~ N(a sin(w x0), 1), normalised.

    .. math:: Var x_1 = 1 + \tfrac{a^2}{2} (1 - e^{-8 w^2}), \qquad E x_0 x_1 = 4 a w e^{-2 w^2}, \qquad
        E x = 0, \quad \log Z = 0

    The direction of its ridge changes every half wave, so no mass matrix suits it everywhere. It is the
    image of a Gaussian; the proposal is the image of one wider by s = e^{1/2} in each of the two
    coordinates, so ``log_bound = 1``.

    Args:
        amplitude: a, the height of the wave; 0 leaves a Gaussian.
        frequency: w, radians per unit of x0.

    Returns:
        The target; its position is an array ``[2]``.

    Raises:
        ValueError: ``amplitude`` or ``frequency`` is not finite.

    Example:
        >>> print(squiggle(frequency=0.0).variance)
        [4. 1.]

    Reference:
        Hartmann et al., "Lagrangian manifold Monte Carlo on Monge patches", AISTATS 2022 (the name, of a
        similar density); closed form.
    """
    needs, fulfilled = "finite amplitude and frequency", abs(amplitude) < inf and abs(frequency) < inf
    check_options("squiggle", needs, fulfilled, amplitude=amplitude, frequency=frequency)
    decay = exp(-(frequency**2) * WIDTH**2 / 2)
    return make_pushforward(
        forward=Partial(bend, amplitude, frequency),
        inverse=Partial(straighten, amplitude, frequency),
        mean=np.zeros(2),
        variance=np.array([WIDTH**2, 1 + amplitude**2 / 2 * (1 - decay**4)]),
        expectations={"x0 x1": (Partial(first_product), amplitude * frequency * WIDTH**2 * decay)},
    )


def bend(amplitude: float, frequency: float, u: Array) -> Array:
    """Map a standard Gaussian ``u [2]`` to the wave ``[2]``."""
    x0 = WIDTH * u[0]
    return jnp.stack([x0, u[1] + amplitude * jnp.sin(frequency * x0)])


def straighten(amplitude: float, frequency: float, x: Array) -> tuple[Array, Array]:
    """Invert ``bend``: return ``u`` ``[2]`` and the log-determinant."""
    u = jnp.stack([x[0] / WIDTH, x[1] - amplitude * jnp.sin(frequency * x[0])])
    return u, -jnp.log(jnp.asarray(WIDTH, x.dtype))
