"""Choose a unit in which squares neither underflow nor overflow: a power of two, so that scaling is exact."""

import jax.numpy as jnp
import numpy as np
from jax import lax

from jgen.types import Array


def power_of_two(x: Array) -> Array:
    """Return the largest power of two that is not above ``|x|``, elementwise.

    Numbers divided by it have all their digits, so that a statistic computed in this unit is, bit for bit,
    the same for draws in metres and in other powers of two of a metre.

    Args:
        x: Floats of any shape.

    Returns:
        Powers like ``x``; 1 for infinities and NaN, the smallest normal number for 0 and all below it.

    Example:
        >>> print(power_of_two(jnp.array([5.0, -0.3, jnp.inf])))
        [4.   0.25 1.  ]
    """
    x = lax.stop_gradient(x)
    integer = np.dtype(f"int{8 * x.dtype.itemsize}")
    exponent = np.array(np.inf, x.dtype).view(integer)  # the bits of the exponent
    power = lax.bitcast_convert_type(lax.bitcast_convert_type(x, integer) & exponent, x.dtype)
    return jnp.maximum(jnp.where(jnp.isfinite(x), power, 1), jnp.finfo(x.dtype).tiny)


def unit_of(x: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """Return the power of two of the largest finite ``|x|`` over axes, which are kept with length one.

    Args:
        x: Floats of any shape.
        axis: The axes; None for all.

    Example:
        >>> print(unit_of(jnp.array([[3.0, 20.0], [5.0, 0.0]]), axis=0))
        [[ 4. 16.]]
    """
    return power_of_two(jnp.where(jnp.isfinite(x), jnp.abs(x), 0).max(axis, keepdims=True, initial=0))


def representable(value: Array, *units: Array) -> Array:
    """Return ``value`` times units; NaN where that is not 0 and too small for its type.

    Args:
        value: A statistic in its own units.
        *units: Powers of two to multiply by.

    Example:
        >>> unit = jnp.float32(2.0**-80)
        >>> print(representable(jnp.ones(2), unit), representable(jnp.ones(2), unit, unit))
        [8.271806e-25 8.271806e-25] [nan nan]
    """
    scaled = value
    for unit in units:
        scaled = scaled * unit
    return jnp.where((value != 0) & (jnp.abs(scaled) < jnp.finfo(value.dtype).tiny), jnp.nan, scaled)
