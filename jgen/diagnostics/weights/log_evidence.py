"""Estimate log Z with its error from the log-weights of independent draws."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jgen._internal.own_precision import in_own_precision
from jgen.diagnostics.student_interval import skewness_of, student_result
from jgen.diagnostics.weights.kish_ess import kish_ess
from jgen.diagnostics.weights.psis import pareto_k
from jgen.diagnostics.weights.unseen_tail import FEWEST_FOR_K, LARGEST_K, LIGHT_K, unseen_tail
from jgen.types import Array, Result

FEWEST_EFFECTIVE = 2.0


def log_mean_exp_with_error(log_weight: ArrayLike) -> tuple[Array, Array]:
    r"""Compute the log of the mean weight, and its standard error by the delta method.

    .. math:: \log \hat Z = \log \frac1n \sum_i w_i, \qquad
              se(\log \hat Z) = \frac{sd(w)}{\sqrt n \, \hat Z}

    Args:
        log_weight: Any shape, n independent log-weights in nats; -inf is a weight of zero.

    Returns:
        ``(value, standard_error)``, scalars. All -inf gives -inf and an error of inf: no draw
        bounds Z from below. One weight alone has an error of NaN; a NaN weight makes both NaN.

    Raises:
        ValueError: If there is no weight at all.

    Example:
        >>> import jax.numpy as jnp
        >>> value, error = log_mean_exp_with_error(jnp.log(jnp.array([1.0, 3.0])))
        >>> f"{value - jnp.log(2):.3f} {error:.3f}"  # sd = sqrt 2, n = 2, Z = 2
        '0.000 0.500'

    Reference:
        Owen (2013), Monte Carlo theory, methods and examples, chapter 9.
    """
    if jnp.size(log_weight) == 0:
        raise ValueError("log_mean_exp_with_error needs at least one log-weight; got an empty array")
    return in_own_precision(_log_mean_exp_with_error, log_weight)


def _log_mean_exp_with_error(log_weight: ArrayLike) -> tuple[Array, Array]:
    log_weight = jnp.asarray(log_weight, dtype=float).ravel()  # [n]
    top = log_weight.max()
    scaled = jnp.exp(log_weight - jnp.where(jnp.isfinite(top), top, 0.0))  # [n]
    mean = scaled.mean()
    value = jnp.where(jnp.isfinite(top), jnp.log(mean) + top, top)
    error = scaled.std(ddof=1) / (mean * jnp.sqrt(log_weight.size)) if log_weight.size > 1 else jnp.nan
    return value, jnp.where(top == -jnp.inf, jnp.inf, error)


def log_evidence(log_weight: ArrayLike) -> Result:
    r"""Log Z = log E[w], in nats, with its 95 % interval, :math:`\log \hat Z \pm t_{n-1} \, se`.

    The mean weight is unbiased for Z, so its log is low by about half the squared error. Student's t, and its
    correction for the skewness of the weights (``skewed_quantile``), are for few weights, such as those of a
    handful of populations. Where the Pareto k of 225 weights or more is above
    0.35, the upper end is at least that of the heaviest tail that they allow (``unseen_tail``): the rarest
    weights, which a sample lacks, may be much of Z.

    Where the weights are so unequal that the error means nothing, the result is flagged, and its interval is
    that of Markov's inequality, which holds for any weights: from :math:`\log \hat Z - \log 20` to infinity.
    That is where the Pareto k of 25 weights or more is above 0.7, or the Kish ESS below 2.

    Args:
        log_weight: Any shape, n independent log-weights in nats whose weights average to Z.

    Returns:
        A ``Result`` with its ``pareto_k``. Where every weight is zero the value is -inf and the interval is
        the whole line; one weight alone has no error, and its interval is NaN. Both are flagged.

    Raises:
        ValueError: If there is no weight at all.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import numpyro.distributions as dist
        >>> p, q = dist.Normal(0, 1), dist.Normal(0, 2)
        >>> z = q.sample(jax.random.key(0), (4000,))
        >>> result = log_evidence(p.log_prob(z) + 3.0 - q.log_prob(z))  # Z = exp 3
        >>> bool(abs(result.value - 3) < 0.1), bool(result.low < result.value < result.high)
        (True, True)

    Reference:
        Owen (2013), Monte Carlo theory, methods and examples, chapter 9; Vehtari et al. (2024), Pareto
        smoothed importance sampling, JMLR 25(72), for k; Grosse, Ghahramani and Adams (2015), Sandwiching the
        marginal likelihood, arXiv:1511.02543, for the bound.
    """
    value, error = log_mean_exp_with_error(log_weight)
    log_weight = log_weight.ravel() if isinstance(log_weight, jax.Array) else np.ravel(log_weight)
    n = log_weight.size
    method = "log mean weight, delta method" if n > 1 else "log weight of one draw: its error takes two"
    skewness = in_own_precision(_skewness, log_weight)
    result = student_result(value, error, n - 1, n, method, skewness=skewness)
    k = float(pareto_k(log_weight)) if n >= FEWEST_FOR_K else None
    result = result._replace(pareto_k=k)
    effective = float(kish_ess(log_weight))
    if k is not None and k > LARGEST_K:
        wrong = f"Pareto k {k:.2f} of the weights is above {LARGEST_K}: they may have no variance"
    elif n > 1 and 0 < effective < FEWEST_EFFECTIVE:
        wrong = f"the Kish ESS is {effective:.1f}: one weight is more than all others together"
    elif k is not None and k > LIGHT_K:
        rise = in_own_precision(lambda log_weight: _log_rise(log_weight.astype(float), k), log_weight)
        return result._replace(high=jnp.maximum(result.high, result.value + rise))
    else:
        return result
    # E[Z-hat] = Z, so by Markov's inequality Z-hat > 20 Z with probability below 1/20.
    return result._replace(low=result.value - math.log(20), high=abs(result.value) + jnp.inf, flags=(wrong,))


@jax.jit
def _skewness(log_weight: Array) -> Array:
    """Compute the skewness of the weights ``[]``; 0 where all are zero, or one is not a number."""
    skewness = skewness_of(jnp.exp(log_weight.astype(float) - log_weight.max()))
    return jnp.where(jnp.isnan(skewness), 0.0, skewness)


@jax.jit
def _log_rise(log_weight: Array, k: Array) -> Array:
    """Compute by how much log Z may rise for the tail that the weights lack, in nats ``[]``."""
    scaled = jnp.exp(log_weight - log_weight.max())  # [n]
    return jnp.log1p(unseen_tail(scaled, k) / scaled.mean())
