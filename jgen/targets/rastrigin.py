"""Define Rastrigin's function under a Gaussian as a density."""

from math import inf, log, pi

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.parts import check_options, make_target, sample_by_rejection, sample_each, sample_from
from jgen.types import Array, Target, Trait


def rastrigin(dim: int = 2, height: float = 3.0, scale: float = 0.6) -> Target:
    r"""Make a density of log p = sum_i h cos(2 pi x_i) - x_i^2 / 2 s^2, unnormalised.

    .. math:: Z^{1/dim} = s \sqrt{2 \pi} \sum_{k = -\infty}^{\infty} I_k(h) \, e^{-k^2 w^2 s^2 / 2}, \quad
        E x = 0, \quad w = 2 \pi

    by the Fourier series of exp(h cos); E x^2 and E cos come from the same sum. The mode at the origin has
    4 (dim 2) and more neighbours, behind barriers of 2 h nats.

    The proposal is N(0, s^2 I); the ratio is largest at the origin, so ``log_bound`` is exact. Draws are
    by rejection from it, coordinate by coordinate.

    Args:
        dim: Number of coordinates, at least 1.
        height: h, between 0 and 20.
        scale: s, at least 0.1.

    Returns:
        The target; its position is an array ``[dim]``.

    Raises:
        ValueError: ``dim`` is below 1, or ``height`` or ``scale`` out of the range in which the sum holds.

    Example:
        >>> round(float(rastrigin(height=0.0).variance[0]), 4)
        0.36

    Reference:
        Rastrigin, "Systems of extremal control", 1974 (the function); Jacobi and Anger's expansion.
    """
    fulfilled = dim >= 1 and 0 <= height <= 20 and 0.1 <= scale < inf
    needs = "dim >= 1, 0 <= height <= 20 and scale >= 0.1"
    check_options("rastrigin", needs, fulfilled, dim=dim, height=height, scale=scale)
    angle = 2 * pi * np.arange(256) / 256
    order = np.arange(-60, 61)  # at w s > 0.62 and k = 60 the terms are below e^-700
    bessel = np.cos(order[:, None] * angle) @ np.exp(height * np.cos(angle)) / 256  # [order], I_k(h)
    frequency = 2 * pi * order
    fade = np.exp(-((frequency * scale) ** 2) / 2)
    total = bessel @ fade
    square = bessel @ (fade * (scale**2 - frequency**2 * scale**4)) / total
    slope = (np.roll(bessel, 1) + np.roll(bessel, -1)) / 2  # [order], derivative of I_k
    zeros, ones = np.zeros(dim), np.ones(dim)
    propose = Partial(sample_from, Normal(0.0, scale))
    coordinate = Partial(sample_by_rejection, propose, Partial(log_accept, height))
    return make_target(
        Trait.MULTIMODAL,
        log_density=Partial(log_density, height, scale),
        start=ones,
        sample=Partial(sample_each, coordinate, zeros),
        mean=zeros,
        variance=square * ones,
        log_evidence=dim * (log(scale) + log(2 * pi) / 2 + log(total)),
        expectations={"cos": (Partial(waves), slope @ fade / total * ones)},
        proposal=Normal(zeros, scale * ones).to_event(1),
        log_bound=dim * (height + log(scale) + log(2 * pi) / 2),
        source="Jacobi and Anger's expansion",
    )


def waves(x: Array) -> Array:
    """Return cos(2 pi x), ``[dim]``."""
    return jnp.cos(2 * pi * x)


def log_density(height: float, scale: float, x: Array) -> Array:
    """Evaluate the unnormalised log-density of ``x [dim]``."""
    return height * waves(x).sum() - jnp.square(x / scale).sum() / 2


def log_accept(height: float, x: Array) -> Array:
    """Evaluate the log-probability of accepting ``x []``."""
    return height * (waves(x) - 1)
