"""Average under a target known up to its normaliser."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jgen.types import Array


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
    return jax.nn.softmax(jnp.asarray(log_weight, dtype=float), axis=None)


def self_normalised_mean(value: ArrayLike, log_weight: ArrayLike) -> tuple[Array, Array]:
    r"""Compute the weighted mean of independent draws, and its standard error by the delta method.

    .. math:: \hat\mu = \sum_i \tilde w_i x_i, \qquad
              se^2 = \sum_i \tilde w_i^2 (x_i - \hat\mu)^2, \qquad \tilde w = w / \sum w

    A draw of weight zero is ignored, even if it is NaN.

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
    value = jnp.asarray(value, dtype=float)  # [n, *event]
    if jnp.ndim(log_weight) != 1 or jnp.shape(log_weight) != value.shape[:1]:
        raise ValueError(
            f"self_normalised_mean takes values [n, *event] and log-weights [n]; got {value.shape} and "
            f"{jnp.shape(log_weight)}. Flatten the chain and draw axes of both first."
        )
    weight = self_normalised(log_weight)
    weight = weight.reshape(weight.shape + (1,) * (value.ndim - 1))  # [n, 1, ...]
    value = jnp.where(weight == 0, 0.0, value)  # [n, *event]
    mean = (weight * value).sum(axis=0)  # [*event]
    error = jnp.sqrt((weight**2 * (value - mean[None]) ** 2).sum(axis=0))  # [*event]
    return mean, error if len(value) > 1 else jnp.full_like(error, jnp.nan)
