"""Compute Kish's effective sample size of weights."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from jgen._internal.own_precision import in_own_precision
from jgen.types import Array


def kish_ess(log_weight: ArrayLike) -> Array:
    r"""Compute Kish's effective sample size, :math:`(\sum w)^2 / \sum w^2`, between 1 and n.

    For p = N(0, 1) and proposal N(0, s^2), ESS / n tends to sqrt(2 s^2 - 1) / s^2 where s^2 > 1/2,
    and to 0 below. It depends only on the weights that were drawn: use it together with ``pareto_k``.

    Args:
        log_weight: Any shape, log-weights in nats; -inf is a weight of zero.

    Returns:
        Scalar; 0 where every weight is zero, NaN where a weight is NaN.

    Example:
        >>> import jax.numpy as jnp
        >>> print(kish_ess(jnp.array([0.0, 0.0, 0.0, -jnp.inf])))
        3.0

    Reference:
        Kish (1965), Survey sampling; Kong (1992), technical report 348, University of Chicago.
    """
    return in_own_precision(_kish_ess, log_weight)


def _kish_ess(log_weight: ArrayLike) -> Array:
    log_weight = jnp.asarray(log_weight, dtype=float)
    top = log_weight.max(initial=-jnp.inf)
    scaled = jnp.exp(log_weight - jnp.where(top == -jnp.inf, 0.0, top))
    return jnp.where(top == -jnp.inf, 0.0, scaled.sum() ** 2 / (scaled**2).sum())
