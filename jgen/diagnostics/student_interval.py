"""Make results of estimates, with Student's interval, and correct it for the skewness of the values."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import stdtrit

from jgen._internal.own_precision import in_own_precision
from jgen.types import Array, Result

MORE_SKEWNESS, WIDEST = 1.3, 3.0
"""Skewness over that of a sample, which is 0.7 of it for 20 exponential numbers and 0.8 for 50, and the
longest side over Student's: with these, intervals of uniform to log-normal numbers cover in 92 to 97 % from
20 numbers on."""


def student_result(
    value: Array, error: Array, dof: float, n: int, method: str, *, skewness: float | Array = 0.0
) -> Result:
    r"""Make a result with Student's 95 % interval, :math:`value \pm t_\nu \, se`, of what it estimates.

    Args:
        value: The estimate ``[]``, in nats; -inf where all draws have weight 0.
        error: Its standard error ``[]``; NaN where it cannot be estimated. The result is flagged where it is
            not finite.
        dof: Degrees of freedom of that error.
        n: Draws behind it.
        method: How it was computed, in a few words.
        skewness: Skewness ``[]`` of the values whose mean it is, n of them, as by ``skewness_of``; the ends
            are corrected for it.

    Example:
        >>> result = student_result(jnp.float32(1.0), jnp.float32(0.5), 7, 8, "eight populations")
        >>> f"{result.high - result.value:.2f} {result.standard_error:.2f}"
        '1.18 0.50'
        >>> student_result(jnp.float32(1.0), jnp.float32(jnp.nan), 0, 1, "one population").flags
        ('the standard error is not known',)
    """
    flags = () if jnp.isfinite(error) else ("the standard error is not known",)
    up, down = (float(skewed_quantile(prob, dof, float(skewness), n)) for prob in (0.975, 0.025))

    def ends(value: Array, error: Array) -> tuple[Array, Array]:
        return value - up * error, jnp.where(error == jnp.inf, jnp.inf, value - down * error)

    return Result(value, *in_own_precision(ends, value, error), n, method, {}, dof, flags=flags)


def skewness_of(values: Any, axis: int = 0) -> Any:
    r"""Compute the skewness of values, :math:`E[(v - \mu)^3] / \sigma^3`; 0 for fewer than three.

    Args:
        values: Floats, of NumPy or JAX.
        axis: The axis of the values.

    Returns:
        Without that axis; 0 where all values are equal, NaN where one is not finite.

    Example:
        >>> print(skewness_of(np.array([0.0, 0.0, 3.0])).round(3))
        1.732
    """
    size = values.shape[axis]
    xp = jnp if isinstance(values, jax.Array) else np
    if size < 3:
        return xp.zeros_like(values.sum(axis))
    apart = values - values.mean(axis, keepdims=True)
    largest = abs(apart).max(axis, keepdims=True)
    apart = apart / xp.where(largest == 0, 1, largest)
    square = (apart**2).mean(axis)
    third = (apart**3).mean(axis) / xp.where(square == 0, 1, square) ** 1.5
    return third * (size * (size - 1)) ** 0.5 / (size - 2)


def skewed_quantile(prob: float, dof: float, skewness: Any, size: int) -> Any:
    r"""Compute the quantile of (mean - truth) / standard error for values that are skewed.

    With :math:`a = 1.3 \, \gamma / \sqrt n` (a sample is less skewed than what it is drawn from), Hall's
    transformation of Student's ratio T removes its skewness,

    .. math:: T + \frac a3 T^2 + \frac{a^2}{27} T^3 + \frac a6 \approx t_\nu,

    and is a cubic that is inverted in closed form; no side is made longer than three times Student's. Without
    it the intervals of 20 exponential numbers cover their mean in 92 % of all cases, with it in 95 %.

    Args:
        prob: The probability.
        dof: Degrees of freedom.
        skewness: Skewness of the values, any shape.
        size: Number n of the values.

    Returns:
        Of the shape of the skewness. The interval is from ``mean - q(0.975) error`` to
        ``mean - q(0.025) error``.

    Example:
        >>> print([round(float(skewed_quantile(p, 19, 1.4, 20)), 2) for p in (0.025, 0.975)])
        [-3.73, 1.64]

    Reference:
        Hall (1992), On the removal of skewness by transformation, JRSS B 54(1).
    """
    a = MORE_SKEWNESS * skewness / max(size, 1) ** 0.5
    student = float(stdtrit(dof, prob))
    shift, longest = student - a / 6, WIDEST * abs(student)
    xp = jnp if isinstance(a, jax.Array) else np
    root = xp.cbrt(1 + a * shift)
    return xp.clip(3 * shift / (root**2 + root + 1), -longest, longest)
