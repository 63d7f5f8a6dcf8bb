"""Two moons: a ring that is lit from both sides."""

from math import log, pi, sqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.bindable import accepted
from jgen.targets.special_functions import highest
from jgen.types import Array, Key, Target, Trait


def two_moons(radius: float = 2.0, light: float = 3.0) -> Target:
    r"""A density of log p = -(|x|^2 - R^2)^2 / 2 + log cosh(b x0) in the plane, unnormalised.

    .. math:: Z = \pi \int_0^\infty e^{-(u - R^2)^2 / 2} I_0(b \sqrt u) \, du, \qquad u = |x|^2

    The light leaves two crescents, to the right and to the left; between them, over the top, the
    density falls by a factor near cosh(b R), 200 at the default. The truths are Gauss-Legendre sums over u
    times sums over the angle, which are exact to rounding for a periodic function.

    The proposal is N(0, v I) with v the larger variance; the ratio is largest on the axis of
    the light, so ``log_bound`` is the top of a function of one variable. An exact draw is (u, angle)
    by rejection under b x0 <= b (R + (u - R^2) / 2R), then a coin for the side.

    Args:
        radius: R, between 0.5 and 10.
        light: b, not negative, at most 10; 0 leaves the ring.

    Returns:
        The target; its position is an array ``[2]``.

    Raises:
        ValueError: ``radius`` or ``light`` is beyond its range, for which the sums are made.

    Example:
        >>> target = two_moons()
        >>> bool(target.variance[0] > 5 * target.variance[1])
        True

    Reference:
        Quadrature; similar crescents in Rezende and Mohamed, "Variational inference with normalizing
        flows", ICML 2015, test energy 1.
    """
    if not (0.5 <= radius <= 10 and 0 <= light <= 10):
        raise ValueError(
            f"two_moons needs 0.5 <= radius <= 10 and 0 <= light <= 10, got radius={radius}, light={light}."
        )
    half, gauss = np.polynomial.legendre.leggauss(200)
    low, high = max(radius**2 - 12.0, 0.0), radius**2 + 12.0 + light / radius
    root = (sqrt(high) + sqrt(low)) / 2 + (sqrt(high) - sqrt(low)) / 2 * half  # [node], |x|
    angle = 2 * pi * (np.arange(256) + 0.5) / 256
    x0, x1 = root[:, None] * np.cos(angle), root[:, None] * np.sin(angle)  # [node, angle]
    log_weights = host_log_density(radius, light, root[:, None], x0)
    top = log_weights.max()
    weights = np.exp(log_weights - top) * (gauss * root)[:, None]
    mass = weights.sum() * (sqrt(high) - sqrt(low)) / 2 * 2 * pi / 256
    weights /= weights.sum()
    variance = [float((weights * x0**2).sum()), float((weights * x1**2).sum())]
    square = max(variance)

    def along_the_light(r: np.ndarray) -> np.ndarray:
        return host_log_density(radius, light, r, r) + r**2 / (2 * square)

    return Target(
        log_density=Partial(log_density, radius, light),
        start=jnp.asarray([radius, 0.0]),
        sample=Partial(sample, radius, light),
        mean=jnp.asarray(np.zeros(2)),
        variance=jnp.asarray(variance),
        log_evidence=float(top + np.log(mass)),
        expectations={
            "|x|^4": (Partial(fourth_norm), float((weights * root[:, None] ** 4).sum())),
            "x0 > 0": (Partial(on_the_right), 0.5),
        },
        proposal=Normal(jnp.asarray(np.zeros(2)), jnp.asarray([sqrt(square)] * 2)).to_event(1),
        log_bound=highest(along_the_light, 0.0, sqrt(high)) + log(2 * pi * square),
        name="two_moons",
        traits=frozenset({Trait.MULTIMODAL}),
        source="quadrature",
    )


def host_log_density(radius: float, light: float, r: np.ndarray, x0: np.ndarray) -> np.ndarray:
    """The unnormalised log-density in float64, from the radius and the first coordinate."""
    return -((r**2 - radius**2) ** 2) / 2 + np.logaddexp(light * x0, -light * x0) - log(2)


def log_density(radius: float, light: float, x: Array) -> Array:
    """The unnormalised log-density of ``x [2]``."""
    lit = jnp.logaddexp(light * x[0], -light * x[0]) - log(2)
    return -((x @ x - radius**2) ** 2) / 2 + lit


def fourth_norm(x: Array) -> Array:
    """Gives |x|^4."""
    return (x @ x) ** 2


def on_the_right(x: Array) -> Array:
    """Whether ``x [2]`` sits in the right-hand half."""
    return (x[0] > 0).astype(x.dtype)


def propose(radius: float, light: float, key: Key) -> Array:
    """One |x|^2, from the law that bounds the light along a tangent, and an angle, ``[2]``."""
    square_key, angle_key = jax.random.split(key)
    u = radius**2 + light / (2 * radius) + jax.random.normal(square_key)
    return jnp.stack([u, 2 * pi * jax.random.uniform(angle_key)])


def log_accept(radius: float, light: float, polar: Array) -> Array:
    """The log-probability of accepting ``polar [2]``: the light there over its tangent."""
    u, angle = polar
    tangent = light * (radius + (u - radius**2) / (2 * radius))
    lit = light * jnp.sqrt(jnp.maximum(u, 0.0)) * jnp.cos(angle)
    return jnp.where(u > 0, lit - tangent, -jnp.inf)


def sample(radius: float, light: float, key: Key) -> Array:
    """One exact draw ``[2]``."""
    polar_key, side_key = jax.random.split(key)
    u, angle = accepted(Partial(propose, radius, light), Partial(log_accept, radius, light), polar_key)
    side = jnp.where(jax.random.bernoulli(side_key), 1.0, -1.0)
    return jnp.sqrt(u) * jnp.stack([side * jnp.cos(angle), jnp.sin(angle)])
