"""Define logs of gamma variables, the smallest target with a log-Jacobian."""

from collections.abc import Sequence
from math import inf, log

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from scipy.special import digamma, gammaln, polygamma

from jgen.targets.parts import check_options, make_target, squared
from jgen.types import Array, Key, Target

SHAPES = (0.5, 1.0, 2.5, 7.0)


def log_gamma(shapes: Sequence[float] = SHAPES, rate: float = 2.0) -> Target:
    r"""Make x_i = log g_i with g_i ~ Gamma(a_i, b), normalised.

    .. math:: \log p(x) = \sum_i (a_i - 1) x_i - b e^{x_i} + a_i \log b - \log \Gamma(a_i)
        + \underbrace{x_i}_{\log |dg/dx|}

        E x = \psi(a) - \log b, \qquad Var x = \psi'(a), \qquad E e^x = a / b, \qquad \log Z = 0

    Without the log-Jacobian it would be Gamma(a - 1, b), with other means, and improper for a <= 1.

    Args:
        shapes: a ``[dim]``, each above 0; below 1 the left tail is long.
        rate: b, above 0.

    Returns:
        The target; its position is an array ``[dim]``.

    Raises:
        ValueError: There is no shape, or one of them or ``rate`` is not positive.

    Example:
        >>> target = log_gamma(shapes=(3.0,), rate=1.0)
        >>> print(np.round(target.mean, 4))  # 1 + 1/2 - Euler's constant
        [0.9228]

    Reference:
        Closed form.
    """
    a = np.asarray(shapes, np.float64)
    fulfilled = a.ndim == 1 and a.size > 0 and bool((a > 0).all()) and 0 < rate < inf
    check_options("log_gamma", "shapes [dim] and rate, all above 0", fulfilled, shapes=shapes, rate=rate)
    log_norm = (gammaln(a) - a * log(rate)).sum()
    return make_target(
        log_density=Partial(log_density, a, rate, log_norm),
        start=np.zeros(len(a)),
        sample=Partial(sample, a, rate),
        mean=digamma(a) - log(rate),
        variance=polygamma(1, a),
        log_evidence=0.0,
        expectations={
            "e^x": (Partial(jnp.exp), a / rate),
            "e^2x": (Partial(squared, Partial(jnp.exp)), a * (a + 1) / rate**2),
        },
    )


def log_density(a: Array, rate: float, log_norm: float, x: Array) -> Array:
    """Evaluate the normalised log-density of ``x [dim]``, log-Jacobian included."""
    gamma = ((a - 1) * x - rate * jnp.exp(x)).sum() - log_norm
    log_jacobian = x.sum()
    return gamma + log_jacobian


def sample(a: Array, rate: float, key: Key) -> Array:
    """Draw one exact sample ``[dim]``; logs of small gamma variables do not underflow."""
    return jax.random.loggamma(key, a) - jnp.log(rate)
