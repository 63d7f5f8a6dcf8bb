"""Define a beta distribution on (0, 1), the textbook target of rejection sampling."""

from math import inf

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import xlog1py, xlogy
from jax.tree_util import Partial
from numpyro.distributions import Uniform
from scipy.special import betaln

from jgen.targets.parts import check_options, coordinate_powers, log_beta_peak, make_target
from jgen.types import Array, Target, Trait


def beta(a: float = 2.7, b: float = 6.3) -> Target:
    r"""Make Beta(a, b), normalised, on (0, 1), with log-density -inf outside.

    .. math:: p(x) = x^{a-1} (1-x)^{b-1} / B(a, b), \qquad \log Z = 0

    The proposal is uniform, and the density is largest at its mode (a - 1) / (a + b - 2), where it is
    2.66974401 at the default: rejection accepts 1 / 2.66974401 of its proposals.

    Args:
        a: First shape, at least 1.
        b: Second shape, at least 1, and not both 1.

    Returns:
        The target; its position is a scalar array ``[]``.

    Raises:
        ValueError: A shape is below 1 (the density is unbounded) or not finite, or both are 1.

    Example:
        >>> target = beta()
        >>> round(float(jnp.exp(target.log_bound)), 5)
        2.66974

    Reference:
        Robert and Casella, "Introducing Monte Carlo methods with R", 2010, chapter 2.
    """
    fulfilled = 1 <= a < inf and 1 <= b < inf and a + b > 2
    check_options("beta", "a, b >= 1, not both 1, so that the density has a mode", fulfilled, a=a, b=b)
    total, mean = a + b, a / (a + b)
    third = mean * (a + 1) / (total + 1) * (a + 2) / (total + 2)
    return make_target(
        Trait.LOG_CONCAVE,
        log_density=Partial(log_density, a, b, betaln(a, b)),
        start=mean,
        sample=Partial(jax.random.beta, a=a, b=b),
        mean=np.array([mean]),
        variance=np.array([a * b / total**2 / (total + 1)]),
        log_evidence=0.0,
        expectations={"x^3": (Partial(coordinate_powers, 3), np.array([third]))},
        proposal=Uniform(np.array(0.0), np.array(1.0)),
        log_bound=log_beta_peak(a, b),
    )


def log_density(a: float, b: float, log_norm: float, x: Array) -> Array:
    """Evaluate the log-density of ``x []``; -inf outside (0, 1), with a gradient that stays finite."""
    inside = (x > 0) & (x < 1)
    safe = jnp.where(inside, x, 0.5)
    return jnp.where(inside, xlogy(a - 1, safe) + xlog1py(b - 1, -safe) - log_norm, -jnp.inf)
