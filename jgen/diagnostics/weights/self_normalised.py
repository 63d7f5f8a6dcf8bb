"""Average under a target known up to its normaliser."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jgen._internal.own_precision import in_own_precision
from jgen._internal.units import unit_of
from jgen.diagnostics.weights.psis import pareto_k
from jgen.diagnostics.weights.unseen_tail import unseen_tail
from jgen.types import NORMAL_95, Array

NUM_HEAVIEST = 10


def self_normalised(log_weight: ArrayLike) -> Array:
    """Compute weights that sum to one, exp(log_weight) / sum.

    Args:
        log_weight: Any shape, log-weights in nats; -inf is a weight of zero.

    Returns:
        Weights of the same shape; all NaN where every log-weight is -inf.

    Example:
        >>> import jax.numpy as jnp
        >>> print(self_normalised(jnp.log(jnp.array([1.0, 3.0])) - 1000).round(2))
        [0.25 0.75]
    """
    return in_own_precision(_softmax, log_weight)


def _softmax(log_weight: ArrayLike) -> Array:
    return jax.nn.softmax(jnp.asarray(log_weight, dtype=float), axis=None)


def self_normalised_mean(value: ArrayLike, log_weight: ArrayLike) -> tuple[Array, Array]:
    r"""Compute the weighted mean of independent draws, and its standard error by the delta method.

    .. math:: \hat\mu = \sum_i \tilde w_i x_i, \qquad
              se^2 = \sum_i \tilde w_i^2 (x_i - \hat\mu)^2, \qquad \tilde w = w / \sum w

    A draw of weight zero is ignored, even if it is NaN. Where the Pareto k of 225 weights or more is above
    0.35, 1.96 errors are at least what the weights that the sample lacks (``unseen_tail``) would move the
    mean, if their draws lay as far from it as the farthest of the ten heaviest. Above 0.7 the error means
    nothing, nor does the mean: see ``pareto_k``.

    Args:
        value: Draws ``[n, *event]``.
        log_weight: Their log-weights in nats ``[n]``.

    Returns:
        ``(mean, standard_error)``, each ``[*event]``; NaN where every weight is zero. The error of one draw
        alone is NaN.

    Raises:
        ValueError: If the draws and the weights do not pair.

    Example:
        >>> import jax.numpy as jnp
        >>> mean, error = self_normalised_mean(jnp.array([0.0, 4.0]), jnp.zeros(2))
        >>> print(mean, error.round(3))
        2.0 1.414

    Reference:
        Owen (2013), Monte Carlo theory, methods and examples, equation 9.8.
    """
    mean, _, error = weighted_moments(value, log_weight)
    return mean, error


def weighted_moments(value: ArrayLike, log_weight: ArrayLike) -> tuple[Array, Array, Array]:
    """Compute the weighted mean and standard deviation, and the standard error of the mean.

    Args:
        value: Draws ``[n, *event]``.
        log_weight: Their log-weights in nats ``[n]``.

    Returns:
        ``(mean, sd, standard_error)``, each ``[*event]``; see ``self_normalised_mean``.

    Raises:
        ValueError: If the draws and the weights do not pair.

    Example:
        >>> mean, sd, error = weighted_moments(jnp.array([0.0, 4.0]), jnp.zeros(2))
        >>> print(mean, sd, error.round(3))
        2.0 2.0 1.414
    """
    if jnp.ndim(log_weight) != 1 or jnp.shape(log_weight) != jnp.shape(value)[:1]:
        raise ValueError(
            "self-normalised moments take values [n, *event] and log-weights [n]; got "
            f"{jnp.shape(value)} and {jnp.shape(log_weight)}. Flatten the chain and draw axes of both first."
        )
    return in_own_precision(_moments, value, log_weight)


@jax.jit
def _moments(value: Array, log_weight: Array) -> tuple[Array, Array, Array]:
    """Compute moments around the draw of the largest weight, in units in which squares are normal numbers."""
    is_float = jnp.issubdtype(value.dtype, jnp.floating)  # half precision would round differences
    value = value.astype(float if is_float else jnp.promote_types(value.dtype, jnp.int32))
    heaviest = jnp.argmax(log_weight)
    weight = self_normalised(log_weight)
    weight = weight.reshape(weight.shape + (1,) * (value.ndim - 1))  # [n, 1, ...]
    centre = value[heaviest].astype(float)  # [*event]
    offset = jnp.where(weight == 0, 0.0, (value - value[heaviest][None]).astype(float))  # [n, *event]
    unit = unit_of(offset, 0)  # [1, *event]
    offset, unit = offset / unit, unit[0]
    mean = (weight * offset).sum(axis=0)  # [*event]
    spread = offset - mean[None]  # [n, *event]
    sd = unit * jnp.sqrt((weight * spread**2).sum(axis=0))
    error = jnp.sqrt((weight**2 * spread**2).sum(axis=0))  # [*event]
    lacking = len(value) * unseen_tail(weight.ravel(), pareto_k(log_weight))  # over the sum of all weights
    farthest = jnp.abs(spread[jax.lax.top_k(log_weight, min(NUM_HEAVIEST, len(value)))[1]]).max(axis=0)
    shift = jnp.where(lacking > 0, lacking / (1 + lacking) * farthest, 0.0)  # [*event]
    error = unit * jnp.maximum(error, shift / NORMAL_95)
    return centre + unit * mean, sd, error if len(value) > 1 else jnp.full_like(error, jnp.nan)
