"""Make results of estimates, with Student's interval."""

import jax.numpy as jnp
from scipy.special import stdtrit

from jgen.types import Array, Result


def student_result(value: Array, error: Array, dof: float, n: int, method: str) -> Result:
    r"""Make a result with Student's 95 % interval, :math:`value \pm t_\nu \, se`.

    Args:
        value: The estimate ``[]``, in nats; -inf where all draws have weight 0.
        error: Its standard error ``[]``; NaN where it cannot be estimated.
        dof: Degrees of freedom of that error.
        n: Draws behind it.
        method: How it was computed, in a few words.

    Example:
        >>> result = student_result(jnp.float32(1.0), jnp.float32(0.5), 7, 8, "eight populations")
        >>> f"{result.high - result.value:.2f} {result.standard_error:.2f}"
        '1.18 0.50'
    """
    half_width = float(stdtrit(dof, 0.975)) * error
    high = jnp.where(half_width == jnp.inf, jnp.inf, value + half_width)
    return Result(value, value - half_width, high, n, method, {}, dof)
