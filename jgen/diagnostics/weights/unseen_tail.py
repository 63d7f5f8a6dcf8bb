"""Bound what a sample mean lacks where the tail of the values is heavy and few of its draws were seen."""

import math
from functools import partial

import jax
import jax.numpy as jnp

from jgen._internal.own_precision import in_own_precision
from jgen.diagnostics.weights.psis import PRIOR_DRAWS, pareto_k
from jgen.types import Array

LARGEST_K, FEWEST_FOR_K = 0.7, 25
"""Largest reliable shape of a tail, and fewest values to estimate it from."""
LIGHT_K, FEWEST_FOR_TAIL = 0.4, 225
"""A shape up to which the variance certainly exists, and fewest values whose tail (45 of them) is long
enough to bound the shape; below, the bound would be infinite as a rule."""
NORMAL_99, LARGEST_BOUND = 2.5758293, 0.95


def upper_tail_k(values: Array) -> float | None:
    """Estimate the shape of the upper tail of values; None for fewer than 25.

    Args:
        values: Real numbers ``[n]``, of any sign; the tail is that of their excess over the median.
    """
    return float(in_own_precision(_upper_tail_k, values)) if values.size >= FEWEST_FOR_K else None


@jax.jit
def _upper_tail_k(values: Array) -> Array:
    return pareto_k(jnp.log(jnp.maximum(values - jnp.median(values), 0.0)))


@partial(jax.jit, inline=True)
def unseen_tail(values: Array, k: Array) -> Array:
    r"""Bound what the mean of values lacks, by a Pareto tail as heavy as they allow.

    A sample from a heavy tail lacks its rarest values as a rule: its mean is too low, and its standard
    error, of which these would be the larger part, too small. With M values above the threshold u, and
    :math:`\hat\sigma` matched to their median excess, the mean rises by

    .. math:: \frac{M}{n} \Bigl(\frac{\hat\sigma}{1 - k} - \overline{(v - u)}\Bigr), \qquad
        k = \min\Bigl(\hat k + 2.58 \, \frac{1 + \hat k}{\sqrt{M + 10}}, \, 0.95\Bigr),

    if the shape is the largest that the values allow at 99 %. It is 0 where :math:`\hat k \le 0.4`, and for
    fewer than 225 values.

    Args:
        values: ``[n]``.
        k: Estimated shape of their upper tail ``[]``, as by ``pareto_k``.

    Returns:
        In the units of the values ``[]``, 0 or more.

    Reference:
        Vehtari et al. (2024), Pareto smoothed importance sampling, JMLR 25(72), for the tail; Johansson
        (2003), Estimating the mean of heavy-tailed distributions, Extremes 6, for the mean.
    """
    size = values.size
    if size < FEWEST_FOR_TAIL:
        return jnp.zeros_like(values, shape=())
    num_tail = math.ceil(min(size / 5, 3 * math.sqrt(size)))
    largest = jax.lax.top_k(values, num_tail + 1)[0]
    excess = largest[:-1] - largest[-1]  # [tail]
    shape = jnp.minimum(k + NORMAL_99 * (1 + jnp.abs(k)) / math.sqrt(num_tail + PRIOR_DRAWS), LARGEST_BOUND)
    scale = jnp.median(excess) * shape / (2**shape - 1)
    lacking = num_tail / size * (scale / (1 - shape) - excess.mean())
    return jnp.where(k > LIGHT_K, jnp.maximum(lacking, 0.0), 0.0)
