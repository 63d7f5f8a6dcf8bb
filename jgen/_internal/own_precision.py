"""Compute statistics of 64-bit arrays in 64 bits, also where JAX is set to 32."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jgen._internal.validation import is_traced

T = TypeVar("T")


def in_own_precision(function: Callable[..., T], *arrays: ArrayLike) -> T:
    """Call ``function(*arrays)``, under 64-bit types where one of the arrays has 64-bit values.

    Draws that come from NumPy or from another library are often float64; in float32 a location of 1e8 leaves
    nothing of a standard deviation of one.

    Args:
        function: Function of JAX arrays.
        *arrays: Anything NumPy can convert, or JAX arrays.

    Returns:
        Its result; NumPy arrays where it was computed in 64 bits only for this call.

    Raises:
        ValueError: For complex arrays, of which a conversion would drop a part.

    Example:
        >>> float(in_own_precision(lambda x: x.std(), np.array([1e8, 1e8 + 2])))
        1.0
    """
    given: list[Any] = [array if isinstance(array, jax.Array) else np.asarray(array) for array in arrays]
    if any(np.issubdtype(array.dtype, np.complexfloating) for array in given):
        raise ValueError("statistics take real numbers; pass the real and the imaginary parts apart")
    is_wide = any(array.dtype in (np.float64, np.int64, np.uint64) for array in given)
    if not is_wide or jax.config.read("jax_enable_x64") or is_traced(given):
        return function(*map(jnp.asarray, given))
    with jax.ensure_compile_time_eval(), jax.enable_x64(True):
        return jax.device_get(function(*map(jnp.asarray, given)))
