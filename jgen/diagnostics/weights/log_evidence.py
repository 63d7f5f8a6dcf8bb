"""Estimate log Z with its error from the log-weights of independent draws."""

import jax.numpy as jnp
from jax.typing import ArrayLike
from scipy.special import stdtrit

from jgen.types import Array, Result


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
    log_weight = jnp.asarray(log_weight, dtype=float).ravel()  # [n]
    if log_weight.size == 0:
        raise ValueError("log_mean_exp_with_error needs at least one log-weight; got an empty array")
    top = log_weight.max()
    scaled = jnp.exp(log_weight - jnp.where(jnp.isfinite(top), top, 0.0))  # [n]
    mean = scaled.mean()
    value = jnp.where(jnp.isfinite(top), jnp.log(mean) + top, top)
    error = scaled.std(ddof=1) / (mean * jnp.sqrt(log_weight.size)) if log_weight.size > 1 else jnp.nan
    return value, jnp.where(top == -jnp.inf, jnp.inf, error)


def log_evidence(log_weight: ArrayLike) -> Result:
    r"""Log Z = log E[w], in nats, with its 95 % interval, :math:`\log \hat Z \pm t_{n-1} \, se`.

    The mean weight is unbiased for Z, so its log is low by about half the squared error. Student's t is for
    few weights, such as those of a handful of populations.

    Args:
        log_weight: Any shape, n independent log-weights in nats whose weights average to Z.

    Returns:
        A ``Result``. Where every weight is zero the value is -inf and the interval is the whole line; one
        weight alone has no error, and its interval is NaN.

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
        Owen (2013), Monte Carlo theory, methods and examples, chapter 9.
    """
    value, error = log_mean_exp_with_error(log_weight)
    n = jnp.size(log_weight)
    half_width = stdtrit(n - 1, 0.975) * error
    high = jnp.where(half_width == jnp.inf, jnp.inf, value + half_width)
    method = "log mean weight, delta method" if n > 1 else "log weight of one draw: its error takes two"
    return Result(value, value - half_width, high, n, method, protocol={}, dof=n - 1)
