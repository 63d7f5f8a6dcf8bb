"""Define two crescent-shaped modes: a ring tilted to both sides."""

from math import log, pi, sqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets import parts
from jgen.targets.grid_maximum import maximum_on_grid
from jgen.types import Array, Key, Target, Trait


def two_moons(radius: float = 2.0, tilt: float = 3.0) -> Target:
    r"""Make a density of log p = -(|x|^2 - R^2)^2 / 2 + log cosh(b x0) in the plane, unnormalised.

    .. math:: Z = \pi \int_0^\infty e^{-(u - R^2)^2 / 2} I_0(b \sqrt u) \, du, \qquad u = |x|^2

    The tilt leaves two crescents, to the right and to the left; between them the density falls by a factor
    near cosh(b R), 200 at the default. The truths are Gauss-Legendre sums over u
    times sums over the angle, which are exact to rounding for a periodic function.

    The proposal is N(0, v I) with v the larger variance; the ratio is largest on the first
    axis, so ``log_bound`` is the maximum of a function of one variable. An exact draw is (u, angle)
    by rejection under b x0 <= b (R + (u - R^2) / 2R), then a side at random.

    Args:
        radius: R, between 0.5 and 10.
        tilt: b, not negative, at most 10; 0 leaves the ring.

    Returns:
        The target; its position is an array ``[2]``.

    Raises:
        ValueError: ``radius`` or ``tilt`` is out of the range in which the sums hold.

    Example:
        >>> target = two_moons()
        >>> bool(target.variance[0] > 5 * target.variance[1])
        True

    Reference:
        Quadrature; similar crescents in Rezende and Mohamed, "Variational inference with normalizing
        flows", ICML 2015, test energy 1.
    """
    needs, fulfilled = "0.5 <= radius <= 10 and 0 <= tilt <= 10", 0.5 <= radius <= 10 and 0 <= tilt <= 10
    parts.check_options("two_moons", needs, fulfilled, radius=radius, tilt=tilt)
    half, gauss = np.polynomial.legendre.leggauss(200)
    low, high = max(radius**2 - 12.0, 0.0), radius**2 + 12.0 + tilt / radius
    root = (sqrt(high) + sqrt(low)) / 2 + (sqrt(high) - sqrt(low)) / 2 * half  # [node], |x|
    angle = 2 * pi * (np.arange(256) + 0.5) / 256
    x = root[:, None] * np.stack([np.cos(angle), np.sin(angle)])[:, None]  # [axis, node, angle]
    log_weights = log_density_in_float64(radius, tilt, root[:, None], x[0])
    top = log_weights.max()
    weights = np.exp(log_weights - top) * (gauss * root)[:, None]
    mass = weights.sum() * (sqrt(high) - sqrt(low)) / 2 * 2 * pi / 256
    weights /= weights.sum()
    variance = (weights * x**2).sum((1, 2))
    square = variance.max()

    def along_the_axis(r: np.ndarray) -> np.ndarray:
        return log_density_in_float64(radius, tilt, r, r) + r**2 / (2 * square)

    return parts.make_target(
        Trait.MULTIMODAL,
        log_density=Partial(log_density, radius, tilt),
        start=np.array([radius, 0.0]),
        sample=Partial(sample, radius, tilt),
        mean=np.zeros(2),
        variance=variance,
        log_evidence=top + np.log(mass),
        expectations={
            "|x|^4": (Partial(parts.norm_to_the_fourth), (weights * root[:, None] ** 4).sum()),
            "x0 > 0": (Partial(parts.first_is_positive), 0.5),
        },
        proposal=Normal(np.zeros(2), np.array([sqrt(square)] * 2)).to_event(1),
        log_bound=maximum_on_grid(along_the_axis, 0.0, sqrt(high)) + log(2 * pi * square),
        source="quadrature",
    )


def log_density_in_float64(radius: float, tilt: float, r: np.ndarray, x0: np.ndarray) -> np.ndarray:
    """Evaluate the unnormalised log-density in float64, from the radius and the first coordinate."""
    return -((r**2 - radius**2) ** 2) / 2 + np.logaddexp(tilt * x0, -tilt * x0) - log(2)


def log_density(radius: float, tilt: float, x: Array) -> Array:
    """Evaluate the unnormalised log-density of ``x [2]``."""
    log_tilt = jnp.logaddexp(tilt * x[0], -tilt * x[0]) - log(2)
    return -((x @ x - radius**2) ** 2) / 2 + log_tilt


def propose(radius: float, tilt: float, key: Key) -> Array:
    """Propose |x|^2, from the normal that bounds the tilt by a tangent, and an angle, ``[2]``."""
    square_key, angle_key = jax.random.split(key)
    u = radius**2 + tilt / (2 * radius) + jax.random.normal(square_key)
    return jnp.stack([u, 2 * pi * jax.random.uniform(angle_key)])


def log_accept(radius: float, tilt: float, polar: Array) -> Array:
    """Evaluate the log-probability of accepting ``polar [2]``: the tilt over its tangent."""
    u, angle = polar
    tangent = tilt * (radius + (u - radius**2) / (2 * radius))
    log_tilt = tilt * jnp.sqrt(jnp.maximum(u, 0.0)) * jnp.cos(angle)
    return jnp.where(u > 0, log_tilt - tangent, -jnp.inf)


def sample(radius: float, tilt: float, key: Key) -> Array:
    """Draw one exact sample ``[2]``."""
    key, side_key = jax.random.split(key)
    accept = Partial(log_accept, radius, tilt)
    u, angle = parts.sample_by_rejection(Partial(propose, radius, tilt), accept, key)
    side = jnp.where(jax.random.bernoulli(side_key), 1.0, -1.0)
    return jnp.sqrt(u) * jnp.stack([side * jnp.cos(angle), jnp.sin(angle)])
