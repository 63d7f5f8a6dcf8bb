"""Special functions on the host in float64, whatever JAX is set to: truths must not round."""

import math
from collections.abc import Callable, Iterable

import numpy as np

COEFFICIENTS = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
"""Bernoulli's numbers B_2, B_4, ..."""


def digamma(x: float) -> float:
    r"""The derivative of log Gamma, for x > 0.

    Shifts x above 12 by :math:`\psi(x) = \psi(x + 1) - 1/x`, then sums the asymptotic series
    :math:`\psi(x) = \log x - 1/2x - \sum_k B_{2k} / (2k x^{2k})`, whose first term left out is below 1e-17.

    Example:
        >>> round(digamma(1.0), 10)  # minus Euler's constant
        -0.5772156649
    """
    shift = 0.0
    while x < 12:
        shift, x = shift - 1 / x, x + 1
    series = sum(b / (2 * k * x ** (2 * k)) for k, b in enumerate(COEFFICIENTS, 1))
    return shift + math.log(x) - 1 / (2 * x) - series


def trigamma(x: float) -> float:
    r"""The second derivative of log Gamma, for x > 0, the same way.

    Example:
        >>> round(trigamma(1.0) / math.pi**2, 10)
        0.1666666667
    """
    shift = 0.0
    while x < 12:
        shift, x = shift + 1 / x**2, x + 1
    series = sum(b / x ** (2 * k + 1) for k, b in enumerate(COEFFICIENTS, 1))
    return shift + 1 / x + 1 / (2 * x**2) + series


def log_gamma_moments(shapes: Iterable[float]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of log g where g ~ Gamma(shape, 1), ``[shape]`` each."""
    shapes = list(shapes)
    return np.array([digamma(a) for a in shapes]), np.array([trigamma(a) for a in shapes])


def log_beta(a: float, b: float) -> float:
    """Log of the beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def normal_cdf(x: float) -> float:
    """The standard normal's distribution function."""
    return math.erfc(-x / math.sqrt(2)) / 2


def normal_pdf(x: float) -> float:
    """The standard normal's density."""
    return math.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


def highest(function: Callable[[np.ndarray], np.ndarray], low: float, high: float) -> float:
    """The largest value of a smooth function on an interval, by a grid that zooms in on it four times.

    The last step is 1e-11 of the interval, so the value is right to rounding; the first, 1e-3 of it,
    must tell the highest peak from the others.

    Args:
        function: ``[node] -> [node]``.
        low: Where the interval begins.
        high: Where it ends.

    Example:
        >>> highest(lambda x: x * (2 - x), 0.0, 5.0)
        1.0
    """
    for _ in range(4):
        nodes = np.linspace(low, high, 1001)
        best = int(np.argmax(function(nodes)))
        low, high = nodes[max(best - 1, 0)], nodes[min(best + 1, 1000)]
    return float(function(np.linspace(low, high, 1001)).max())
