"""Bound what a sample mean lacks where the tail of the values is heavy and few of its draws were seen."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.own_precision import in_own_precision
from jgen.diagnostics.weights.psis import PRIOR_DRAWS, pareto_k
from jgen.types import Array

LARGEST_K, FEWEST_FOR_K = 0.7, 25
"""Largest reliable shape of a tail, and fewest values to estimate it from."""
LIGHT_K, FEWEST_FOR_TAIL = 0.35, 225
"""A shape up to which the variance certainly exists, and fewest values whose tail (45 of them) is long
enough to bound the shape; below, the bound would be infinite as a rule."""
NUM_ERRORS, LARGEST_BOUND = 3.0, 0.98
"""Errors of the shape that are allowed for: of the shapes from 0.35 to 0.95 that look like 0.7 or less, the
least of these numbers with which 93 to 97 % of the intervals cover (``benchmarks.coverage``)."""


def upper_tail_k(values: np.ndarray) -> float | None:
    """Estimate the shape of the upper tail of values; None for fewer than 225.

    Args:
        values: Real numbers ``[n]``, of any sign; the tail is that of their excess over the median.
    """
    return float(in_own_precision(_upper_tail_k, values)) if values.size >= FEWEST_FOR_TAIL else None


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
        k = \min\Bigl(\hat k + 3 \, \frac{1 + \hat k}{\sqrt{M + 10}}, \, 0.98\Bigr),

    if the shape is three of its standard errors above its estimate. It is 0 where :math:`\hat k \le 0.35`,
    and for fewer than 225 values.

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
    return unseen_tail_of_largest(largest, jnp.array(num_tail), jnp.array(size), k)


def unseen_tail_of_largest(largest: Array, num_tail: Array, size: Array, k: Array) -> Array:
    """Compute ``unseen_tail`` from the largest values.

    Args:
        largest: The largest values, falling ``[M + 1 or more]``.
        num_tail: M ``[]``.
        size: Number n of all values ``[]``.
        k: Estimated shape of their upper tail ``[]``.
    """
    excess = largest - largest[num_tail]
    middle = (excess[(num_tail - 1) // 2] + excess[num_tail // 2]) / 2
    mean = jnp.where(jnp.arange(largest.size) < num_tail, excess, 0.0).sum() / num_tail
    shape = jnp.minimum(k + NUM_ERRORS * (1 + jnp.abs(k)) / jnp.sqrt(num_tail + PRIOR_DRAWS), LARGEST_BOUND)
    scale = middle * shape / (2**shape - 1)
    lacking = num_tail / size * (scale / (1 - shape) - mean)
    return jnp.where((k > LIGHT_K) & (size >= FEWEST_FOR_TAIL), jnp.maximum(lacking, 0.0), 0.0)
