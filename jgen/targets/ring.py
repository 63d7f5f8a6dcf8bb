"""A Gaussian wall around a circle: no mean is anywhere near a draw."""

from math import log, pi, sqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.bindable import accepted
from jgen.targets.special_functions import normal_cdf, normal_pdf
from jgen.types import Array, Key, Target


def ring(radius: float = 2.0, width: float = 1.0) -> Target:
    r"""A density of log p = -(|x|^2 - R^2)^2 / 2 s^2 in the plane, unnormalised.

    .. math:: Z = \pi s \sqrt{2 \pi} \, \Phi(a), \quad E |x|^2 = R^2 + s \frac{\phi(a)}{\Phi(a)}, \quad
        E x = 0, \quad Var x_i = E |x|^2 / 2, \qquad a = R^2 / s

    since u = |x|^2 is N(R^2, s^2) cut off at 0 and the angle is uniform. It is smooth, at 0 too.

    The proposal is N(0, (E |x|^2 / 2) I), which has the same covariance; the log-ratio is a parabola in u, so
    ``log_bound`` is exact.

    Args:
        radius: R, above 0.
        width: s, the standard deviation of |x|^2, above 0; the wall is about s / 2R thick.

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
    if not (radius > 0 and width > 0 and radius**2 / width < 1000):
        raise ValueError(
            f"ring needs radius > 0 and width > radius^2 / 1000, got radius={radius}, width={width}."
        )
    a = radius**2 / width
    hazard = normal_pdf(a) / normal_cdf(a)
    square = radius**2 + width * hazard
    variance = width**2 * (1 - a * hazard - hazard**2)
    spread = square / 2  # of the proposal, squared
    return Target(
        log_density=Partial(log_density, radius, width),
        start=jnp.asarray([radius, 0.0]),
        sample=Partial(sample, radius, width),
        mean=jnp.asarray(np.zeros(2)),
        variance=jnp.asarray([square / 2] * 2),
        log_evidence=log(pi * width * sqrt(2 * pi) * normal_cdf(a)),
        expectations={
            "|x|^2": (Partial(square_norm), square),
            "|x|^4": (Partial(fourth_norm), variance + square**2),
        },
        proposal=Normal(jnp.asarray(np.zeros(2)), jnp.asarray([sqrt(spread)] * 2)).to_event(1),
        log_bound=radius**2 / (2 * spread) + width**2 / (8 * spread**2) + log(2 * pi * spread),
        name="ring",
        source="closed form",
    )


def square_norm(x: Array) -> Array:
    """Gives |x|^2."""
    return x @ x


def fourth_norm(x: Array) -> Array:
    """Gives |x|^4."""
    return (x @ x) ** 2


def log_density(radius: float, width: float, x: Array) -> Array:
    """The unnormalised log-density of ``x [2]``."""
    return -(((x @ x - radius**2) / width) ** 2) / 2


def propose(radius: float, width: float, key: Key) -> Array:
    """One |x|^2 from the normal law that is to be cut off."""
    return radius**2 + width * jax.random.normal(key)


def log_accept(u: Array) -> Array:
    """Cuts off at 0."""
    return jnp.where(u > 0, 0.0, -jnp.inf)


def sample(radius: float, width: float, key: Key) -> Array:
    """One exact draw ``[2]``."""
    square_key, angle_key = jax.random.split(key)
    u = accepted(Partial(propose, radius, width), Partial(log_accept), square_key)
    angle = 2 * pi * jax.random.uniform(angle_key)
    return jnp.sqrt(u) * jnp.stack([jnp.cos(angle), jnp.sin(angle)])
