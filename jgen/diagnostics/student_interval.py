"""Make results of estimates, with Student's interval."""

import jax.numpy as jnp
from scipy.special import stdtrit

from jgen._internal.own_precision import in_own_precision
from jgen.types import Array, Result


def student_result(value: Array, error: Array, dof: float, n: int, method: str) -> Result:
    r"""Make a result with Student's 95 % interval, :math:`value \pm t_\nu \, se`.

    Args:
        value: The estimate ``[]``, in nats; -inf where all draws have weight 0.
        error: Its standard error ``[]``; NaN where it cannot be estimated. The result is flagged where it is
            not finite.
        dof: Degrees of freedom of that error.
        n: Draws behind it.
        method: How it was computed, in a few words.

    Example:
        >>> result = student_result(jnp.float32(1.0), jnp.float32(0.5), 7, 8, "eight populations")
        >>> f"{result.high - result.value:.2f} {result.standard_error:.2f}"
        '1.18 0.50'
        >>> student_result(jnp.float32(1.0), jnp.float32(jnp.nan), 0, 1, "one population").flags
        ('the standard error is not known',)
    """
    flags = () if jnp.isfinite(error) else ("the standard error is not known",)
    quantile = float(stdtrit(dof, 0.975))

    def ends(value: Array, error: Array) -> tuple[Array, Array]:
        half_width = quantile * error
        return value - half_width, jnp.where(half_width == jnp.inf, jnp.inf, value + half_width)

    return Result(value, *in_own_precision(ends, value, error), n, method, {}, dof, flags=flags)
