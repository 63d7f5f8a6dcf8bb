"""Invert softplus."""

import math


def inverse_softplus(value: float) -> float:
    """Return the number whose softplus is ``value > 0``.

    Example:
        >>> import jax
        >>> round(float(jax.nn.softplus(inverse_softplus(0.1))), 6)
        0.1
    """
    return value + math.log(-math.expm1(-value))
