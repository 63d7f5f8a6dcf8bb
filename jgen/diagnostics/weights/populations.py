"""Reduce populations of dependent particles to one weighted draw each."""

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp
from jax.typing import ArrayLike

from jgen._internal.own_precision import in_own_precision
from jgen.types import Array


def population_log_weight(log_weight: ArrayLike) -> Array:
    r"""Compute the log-weight of a population as one draw, :math:`\log \hat Z = \log \frac1N \sum_i w_i`.

    Args:
        log_weight: Of its particles, in nats ``[*run, particle]``.

    Returns:
        ``[*run]``; -inf where all particles have weight zero.

    Raises:
        ValueError: If there is no axis of particles.

    Example:
        >>> import jax.numpy as jnp
        >>> print(jnp.exp(population_log_weight(jnp.log(jnp.array([[1.0, 3.0]])))).round(3))
        [2.]
    """
    if not jnp.ndim(log_weight):
        raise ValueError(f"population_log_weight takes log-weights [*run, particle]; got {log_weight}")
    return in_own_precision(_log_mean_exp, log_weight)


def _log_mean_exp(log_weight: ArrayLike) -> Array:
    log_weight = jnp.asarray(log_weight, dtype=float)  # [*run, particle]
    return logsumexp(log_weight, axis=-1) - jnp.log(log_weight.shape[-1])


def population_mean(value: ArrayLike, log_weight: ArrayLike) -> Array:
    r"""Compute the value of a population as one draw, :math:`\hat h = \sum_i w_i h_i / \sum_i w_i`.

    With its weight :math:`\hat Z`, ``population_log_weight``, it is a weighted draw as any other:
    :math:`E[\hat Z] = Z` and :math:`E[\hat Z \hat h] = Z \, E_p[h]`. So ``log_evidence`` and
    ``self_normalised_mean`` are right for populations, which are independent, errors included. For
    particles they are not: particles with a common ancestor are correlated.

    Args:
        value: Particles ``[*run, particle, *event]``.
        log_weight: Their log-weights in nats ``[*run, particle]``.

    Returns:
        ``[*run, *event]``; NaN where all particles have weight zero.

    Raises:
        ValueError: If particles and weights do not pair.

    Example:
        >>> import jax.numpy as jnp
        >>> print(population_mean(jnp.array([[0.0, 4.0]]), jnp.array([[0.0, -jnp.inf]])))
        [0.]

    Reference:
        Del Moral, Doucet and Jasra (2006), "Sequential Monte Carlo samplers", JRSS B 68(3).
    """
    shapes = jnp.shape(value), jnp.shape(log_weight)
    if shapes[0][: len(shapes[1])] != shapes[1] or not shapes[1]:
        raise ValueError(
            f"population_mean takes particles [*run, particle, *event] and weights [*run, particle]; got "
            f"{shapes[0]} and {shapes[1]}"
        )
    return in_own_precision(_mean, value, log_weight)


def _mean(value: ArrayLike, log_weight: ArrayLike) -> Array:
    value, log_weight = jnp.asarray(value, dtype=float), jnp.asarray(log_weight, dtype=float)
    share = jax.nn.softmax(log_weight, axis=-1)  # [*run, particle]
    share = share.reshape(share.shape + (1,) * (value.ndim - share.ndim))
    return jnp.where(share == 0, 0.0, share * value).sum(axis=log_weight.ndim - 1)
