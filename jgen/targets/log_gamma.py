"""Gamma variables in their logs: the smallest target with a log-Jacobian in it."""

from collections.abc import Sequence
from math import lgamma, log

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.special_functions import log_gamma_moments
from jgen.types import Array, Key, Target

SHAPES = (0.5, 1.0, 2.5, 7.0)


def log_gamma(shapes: Sequence[float] = SHAPES, rate: float = 2.0) -> Target:
    r"""x_i = log g_i with g_i ~ Gamma(a_i, b), normalised.

    .. math:: \log p(x) = \sum_i (a_i - 1) x_i - b e^{x_i} + a_i \log b - \log \Gamma(a_i)
        + \underbrace{x_i}_{\log |dg/dx|}

        E x = \psi(a) - \log b, \qquad Var x = \psi'(a), \qquad E e^x = a / b, \qquad \log Z = 0

    Whoever drops the log-Jacobian samples Gamma(a - 1, b) instead: every mean is off, and for a <= 1
    nothing is left to normalise.

    Args:
        shapes: a ``[dim]``, each above 0; below 1 the left tail is long.
        rate: b, above 0.

    Returns:
        The target; its position is an array ``[dim]``.

    Raises:
        ValueError: There is no shape, or one of them or ``rate`` is not positive.

    Example:
        >>> target = log_gamma(shapes=(3.0,), rate=1.0)
        >>> print(np.round(target.mean, 4))  # 1 + 1/2 - Euler's constant
        [0.9228]

    Reference:
        Closed form.
    """
    a = np.asarray(shapes, np.float64)
    if a.ndim != 1 or not a.size or not (a > 0).all() or not 0 < rate < float("inf"):
        raise ValueError(f"log_gamma needs shapes [dim] and rate, all above 0, got {shapes} and rate={rate}.")
    mean, variance = log_gamma_moments(a)
    log_norm = sum(lgamma(shape) - shape * log(rate) for shape in a)
    return Target(
        log_density=Partial(log_density, jnp.asarray(a), rate, log_norm),
        start=jnp.asarray(np.zeros(len(a))),
        sample=Partial(sample, jnp.asarray(a), rate),
        mean=jnp.asarray(mean - log(rate)),
        variance=jnp.asarray(variance),
        log_evidence=0.0,
        expectations={
            "e^x": (Partial(jnp.exp), jnp.asarray(a / rate)),
            "e^2x": (Partial(square), jnp.asarray(a * (a + 1) / rate**2)),
        },
        name="log_gamma",
        source="closed form",
    )


def log_density(a: Array, rate: float, log_norm: float, x: Array) -> Array:
    """The normalised log-density of ``x [dim]``, log-Jacobian included."""
    gamma = ((a - 1) * x - rate * jnp.exp(x)).sum() - log_norm
    log_jacobian = x.sum()
    return gamma + log_jacobian


def square(x: Array) -> Array:
    """Squares of the gamma variables, ``[dim]``."""
    return jnp.exp(2 * x)


def sample(a: Array, rate: float, key: Key) -> Array:
    """One exact draw ``[dim]``; logs of small gamma variables do not underflow."""
    return jax.random.loggamma(key, a) - jnp.log(rate)
