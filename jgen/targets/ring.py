"""Define a density around a circle whose mean is far from every draw."""

from math import exp, log, pi, sqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal
from scipy.special import ndtr

from jgen.targets import parts
from jgen.types import Array, Key, Target


def ring(radius: float = 2.0, width: float = 1.0) -> Target:
    r"""Make a density of log p = -(|x|^2 - R^2)^2 / 2 s^2 in the plane, unnormalised.

    .. math:: Z = \pi s \sqrt{2 \pi} \, \Phi(a), \quad E |x|^2 = R^2 + s \frac{\phi(a)}{\Phi(a)}, \quad
        E x = 0, \quad Var x_i = E |x|^2 / 2, \qquad a = R^2 / s

    since u = |x|^2 is N(R^2, s^2) truncated at 0 and the angle is uniform. It is smooth, at 0 too.

    The proposal is N(0, (E |x|^2 / 2) I), which has the same covariance; the log-ratio is a parabola in u, so
    ``log_bound`` is exact.

    Args:
        radius: R, above 0.
        width: s, the standard deviation of |x|^2, above 0; the ring is about s / 2R thick.

    Returns:
        The target; its position is an array ``[2]``.

    Raises:
        ValueError: ``radius`` or ``width`` is not positive, or R^2 / s is above 1000: too thin for float32.

    Example:
        >>> print(np.round(ring().variance, 3))
        [2. 2.]

    Reference:
        Closed form.
    """
    fulfilled = radius > 0 and width > 0 and radius**2 / width < 1000
    needs = "radius > 0 and width > radius^2 / 1000"
    parts.check_options("ring", needs, fulfilled, radius=radius, width=width)
    a = radius**2 / width
    hazard = exp(-(a**2) / 2) / sqrt(2 * pi) / ndtr(a)
    square = radius**2 + width * hazard
    variance = width**2 * (1 - a * hazard - hazard**2)
    spread = square / 2  # of the target in each axis, and of the proposal
    return parts.make_target(
        log_density=Partial(log_density, radius, width),
        start=np.array([radius, 0.0]),
        sample=Partial(sample, radius, width),
        mean=np.zeros(2),
        variance=np.full(2, spread),
        log_evidence=log(pi * width * sqrt(2 * pi) * ndtr(a)),
        expectations={
            "|x|^2": (Partial(square_norm), square),
            "|x|^4": (Partial(parts.norm_to_the_fourth), variance + square**2),
        },
        proposal=Normal(np.zeros(2), np.full(2, sqrt(spread))).to_event(1),
        log_bound=radius**2 / (2 * spread) + width**2 / (8 * spread**2) + log(2 * pi * spread),
    )


def square_norm(x: Array) -> Array:
    """Return |x|^2."""
    return x @ x


def log_density(radius: float, width: float, x: Array) -> Array:
    """Evaluate the unnormalised log-density of ``x [2]``."""
    return -(((x @ x - radius**2) / width) ** 2) / 2


def log_accept(u: Array) -> Array:
    """Truncate at 0."""
    return jnp.where(u > 0, 0.0, -jnp.inf)


def sample(radius: float, width: float, key: Key) -> Array:
    """Draw one exact sample ``[2]``."""
    square_key, angle_key = jax.random.split(key)
    propose = Partial(parts.sample_from, Normal(radius**2, width))  # the normal that is truncated
    u = parts.sample_by_rejection(propose, Partial(log_accept), square_key)
    angle = 2 * pi * jax.random.uniform(angle_key)
    return jnp.sqrt(u) * jnp.stack([jnp.cos(angle), jnp.sin(angle)])
