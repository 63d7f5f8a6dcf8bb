"""Smooth importance weights by a Pareto tail, and estimate the shape of the tail (PSIS)."""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jgen._internal.own_precision import in_own_precision
from jgen.types import Array

PRIOR_DRAWS, PRIOR_K = 10, 0.5
MIN_TAIL = 5


def _lowest_cutoff(dtype: jnp.dtype) -> float:
    """Return the least log-weight whose weight is a normal number, rounding errors of its exp included."""
    return math.log(jnp.finfo(dtype).tiny) + 2e-5


def _fit_generalised_pareto(excess: Array, size: Array) -> tuple[Array, Array]:
    """Compute Zhang and Stephens's posterior mean of (k, sigma).

    Args:
        excess: ``[tail]``, rising; only the last ``size`` count.
        size: Number of exceedances.
    """
    num_tail = excess.size
    index = jnp.arange(num_tail)  # [tail]
    used = index >= num_tail - size  # [tail]
    quartile = excess[num_tail - size + jnp.floor(size / 4 + 0.5).astype(int) - 1]

    grid_size = 30 + jnp.floor(jnp.sqrt(size))
    step = jnp.arange(1, 30 + math.isqrt(num_tail) + 1)  # [grid]
    on_grid = step <= grid_size  # [grid]
    theta = (1 - jnp.sqrt(grid_size / (step - 0.5))) / (3 * quartile) + 1 / excess[-1]  # [grid]

    k = jnp.where(used[None], jnp.log1p(-theta[:, None] * excess[None]), 0.0).sum(axis=1) / size  # [grid]
    log_profile = jnp.where(on_grid, size * (jnp.log(-theta / k) - k - 1), -jnp.inf)  # [grid]
    weight = jax.nn.softmax(log_profile)  # [grid]
    weight = jnp.where(weight >= 10 * jnp.finfo(weight.dtype).eps, weight, 0.0)
    theta_mean = jnp.where(weight > 0, theta * weight, 0.0).sum() / weight.sum()
    k_mean = jnp.where(used, jnp.log1p(-theta_mean * excess), 0.0).sum() / size
    sigma = -k_mean / theta_mean
    return (size * k_mean + PRIOR_DRAWS * PRIOR_K) / (size + PRIOR_DRAWS), sigma


def _generalised_pareto_quantile(prob: Array, k: Array, sigma: Array) -> Array:
    exponential = -jnp.log1p(-prob)  # [tail]
    k_safe = jnp.where(k == 0, 1.0, k)
    return sigma * jnp.where(k == 0, exponential, jnp.expm1(k_safe * exponential) / k_safe)


def psis(log_weight: ArrayLike, relative_efficiency: float = 1.0) -> tuple[Array, Array]:
    r"""Replace the largest weights by the expected order statistics of a fitted Pareto tail.

    The largest :math:`M = \lceil \min(n / 5, 3 \sqrt{n}) \rceil` weights, above the cut-off u, nearly
    follow a generalised Pareto distribution of shape k; w has finite moments below order 1 / k. The estimate
    is reliable below k = 0.7; above, the mean converges too slowly to be useful. For
    p = N(0, 1) and proposal N(0, s^2) with s^2 < 1, k = 1 - s^2.

    Args:
        log_weight: ``[n]`` log-weights in nats; -inf is a weight of zero.
        relative_efficiency: ESS / n of the draws, a Python number; below 1 it lengthens the tail.

    Returns:
        ``(log_weight, k)``: ``[n]`` smoothed log-weights on the scale of the given ones, none above
        the largest of these, and the shape. Where fewer than five weights make the tail, k is inf
        and nothing is smoothed. Where the tail ties at the largest weight the weights are bounded,
        there is nothing to smooth, and k is -inf. NaN weights give k = NaN.

    Raises:
        ValueError: If ``log_weight`` is not a vector.

    Example:
        >>> import jax
        >>> import numpyro.distributions as dist
        >>> p, q = dist.Normal(0, 1), dist.Normal(0, 0.5)
        >>> z = q.sample(jax.random.key(0), (10000,))
        >>> log_weight, k = psis(p.log_prob(z) - q.log_prob(z))
        >>> bool(k > 0.5)  # 0.75 in the limit
        True

    Reference:
        Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72);
        Zhang and Stephens (2009), Technometrics 51(3).
    """
    if jnp.ndim(log_weight) != 1:
        raise ValueError(
            f"psis takes a vector of log-weights [n]; got shape {jnp.shape(log_weight)}. "
            "Ravel the weights of one estimate, and vmap over estimates."
        )
    return in_own_precision(lambda log_weight: _psis(log_weight, relative_efficiency), log_weight)


@partial(jax.jit, static_argnums=1)
def _psis(log_weight: Array, relative_efficiency: float) -> tuple[Array, Array]:
    log_weight = log_weight.astype(float)
    size = log_weight.size
    num_tail = math.ceil(min(size / 5, 3 * math.sqrt(size / relative_efficiency)))
    if num_tail < MIN_TAIL or num_tail >= size:
        return log_weight, jnp.where(jnp.isnan(log_weight).any(), jnp.nan, jnp.inf)
    top = log_weight.max()
    largest, where = lax.top_k(log_weight - jnp.where(top == -jnp.inf, 0.0, top), num_tail + 1)
    rising, where = largest[::-1][1:], where[::-1][1:]  # [tail]
    cutoff = jnp.maximum(largest[-1], _lowest_cutoff(log_weight.dtype))
    num_above = (rising > cutoff).sum()
    fitted = num_above >= MIN_TAIL

    above = jnp.exp(cutoff)
    excess = jnp.where(rising > cutoff, above * jnp.expm1(rising - cutoff), 0.0)  # [tail]
    excess = jnp.where(fitted, excess, 1.0 + jnp.arange(num_tail))  # any values, to avoid division by zero
    num_fitted = jnp.where(fitted, num_above, num_tail)
    k, sigma = _fit_generalised_pareto(excess, num_fitted)

    order = jnp.arange(num_tail) - (num_tail - num_fitted)  # [tail]
    prob = jnp.maximum((order + 0.5) / num_fitted, 0.0)  # [tail]
    smooth = jnp.log(_generalised_pareto_quantile(prob, k, sigma) + above)  # [tail]
    replaced = fitted & (order >= 0) & jnp.isfinite(k)  # [tail]
    smoothed = jnp.where(replaced, jnp.minimum(smooth, 0.0) + top, log_weight[where])  # [tail]
    no_fit = jnp.where(largest[-1] == 0, -jnp.inf, jnp.inf)
    k = jnp.where(jnp.isnan(log_weight).any(), jnp.nan, jnp.where(fitted, k, no_fit))
    return log_weight.at[where].set(smoothed, unique_indices=True), k


def pareto_k_of_largest(largest: Array, num_tail: Array) -> Array:
    """Estimate the shape k from the largest weights alone; see ``psis``.

    Args:
        largest: The largest log-weights, falling ``[tail + 1 or more]``.
        num_tail: Number of them that make the tail ``[]``.
    """
    scaled = largest - jnp.where(largest[0] == -jnp.inf, 0.0, largest[0])
    cutoff = jnp.maximum(scaled[num_tail], _lowest_cutoff(largest.dtype))
    rising = scaled[::-1]
    size = (rising > cutoff).sum()
    excess = jnp.where(rising > cutoff, jnp.exp(cutoff) * jnp.expm1(rising - cutoff), 0.0)
    fitted = size >= MIN_TAIL
    excess = jnp.where(fitted, excess, 1.0 + jnp.arange(rising.size))  # any values, as in psis
    k, _ = _fit_generalised_pareto(excess, jnp.where(fitted, size, rising.size))
    no_fit = jnp.where(scaled[num_tail] == 0, -jnp.inf, jnp.inf)
    return jnp.where(jnp.isnan(largest).any(), jnp.nan, jnp.where(fitted, k, no_fit))


def pareto_k(log_weight: ArrayLike, relative_efficiency: float = 1.0) -> Array:
    """Estimate the shape k of the tail of the weights; see ``psis``.

    Args:
        log_weight: ``[n]`` log-weights in nats.
        relative_efficiency: ESS / n of the draws, a Python number.

    Returns:
        Scalar; importance-sampling estimates are reliable below 0.7.

    Raises:
        ValueError: If ``log_weight`` is not a vector.

    Example:
        >>> import jax.numpy as jnp
        >>> print(pareto_k(jnp.zeros(1000)))  # equal weights have no tail
        -inf

    Reference:
        Vehtari et al. (2024), Pareto smoothed importance sampling, JMLR 25(72).
    """
    return psis(log_weight, relative_efficiency)[1]
