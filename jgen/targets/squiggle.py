"""A Gaussian warped into a wave."""

from math import exp

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.bindable import log_prob_of, power, sample_of, widening
from jgen.targets.pushforward import Pushforward
from jgen.types import Array, Target

WIDTH = 2.0


def squiggle(amplitude: float = 3.0, frequency: float = 1.0) -> Target:
    r"""x0 ~ N(0, 2^2), x1 given x0 ~ N(a sin(w x0), 1), normalised.

    .. math:: Var x_1 = 1 + \tfrac{a^2}{2} (1 - e^{-8 w^2}), \qquad E x_0 x_1 = 4 a w e^{-2 w^2}, \qquad
        E x = 0, \quad \log Z = 0

    The direction of its ridge turns every half wave, so no metric suits it everywhere. It is the
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
    if not (abs(amplitude) < float("inf") and abs(frequency) < float("inf")):
        raise ValueError(
            f"squiggle needs finite amplitude and frequency, got amplitude={amplitude}, "
            f"frequency={frequency}."
        )
    decay = exp(-(frequency**2) * WIDTH**2 / 2)
    forward, inverse = Partial(bend, amplitude, frequency), Partial(straighten, amplitude, frequency)
    target = Pushforward(2, 1.0, forward, inverse)
    return Target(
        log_density=Partial(log_prob_of, target),
        start=jnp.asarray(np.ones(2)),
        sample=Partial(sample_of, target),
        mean=jnp.asarray(np.zeros(2)),
        variance=jnp.asarray([WIDTH**2, 1 + amplitude**2 / 2 * (1 - decay**4)]),
        log_evidence=0.0,
        expectations={
            "x0 x1": (Partial(product), amplitude * frequency * WIDTH**2 * decay),
            "u^2": (Partial(straight_squares, amplitude, frequency), jnp.asarray(np.ones(2))),
        },
        proposal=Pushforward(2, widening(2), forward, inverse),
        log_bound=1.0,
        name="squiggle",
        source="closed form",
    )


def bend(amplitude: float, frequency: float, u: Array) -> Array:
    """Carries a standard Gaussian ``u [2]`` to the wave ``[2]``."""
    x0 = WIDTH * u[0]
    return jnp.stack([x0, u[1] + amplitude * jnp.sin(frequency * x0)])


def straighten(amplitude: float, frequency: float, x: Array) -> tuple[Array, Array]:
    """The inverse of ``bend`` ``[2]`` and its log-determinant."""
    u = jnp.stack([x[0] / WIDTH, x[1] - amplitude * jnp.sin(frequency * x[0])])
    return u, -jnp.log(jnp.asarray(WIDTH, x.dtype))


def straight_squares(amplitude: float, frequency: float, x: Array) -> Array:
    """Squares of the coordinates in which the wave is N(0, I), ``[2]``."""
    return power(2, straighten(amplitude, frequency, x)[0])


def product(x: Array) -> Array:
    """x0 x1."""
    return x[0] * x[1]
