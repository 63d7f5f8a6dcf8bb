"""Define a beta distribution on (0, 1), the textbook target of rejection sampling."""

from math import lgamma, log

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import xlog1py, xlogy
from jax.tree_util import Partial
from numpyro.distributions import Uniform

from jgen.targets.parts import coordinate_powers, make_target
from jgen.types import Array, Key, Target, Trait


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
    if not (1 <= a < float("inf") and 1 <= b < float("inf") and a + b > 2):
        raise ValueError(
            f"beta needs a, b >= 1, not both 1, so that the density has a mode; got a={a}, b={b}."
        )
    total, mode = a + b, (a - 1) / (a + b - 2)
    mean, log_norm = a / total, lgamma(a) + lgamma(b) - lgamma(total)
    third = mean * (a + 1) / (total + 1) * (a + 2) / (total + 2)
    heights = (x * log(p) for x, p in ((a - 1, mode), (b - 1, 1 - mode)) if x > 0)
    return make_target(
        Trait.LOG_CONCAVE,
        log_density=Partial(log_density, a, b, log_norm),
        start=mean,
        sample=Partial(sample, a, b),
        mean=np.array([mean]),
        variance=np.array([a * b / total**2 / (total + 1)]),
        log_evidence=0.0,
        expectations={"x^3": (Partial(coordinate_powers, 3), np.array([third]))},
        proposal=Uniform(np.array(0.0), np.array(1.0)),
        log_bound=sum(heights) - log_norm,
    )


def log_density(a: float, b: float, log_norm: float, x: Array) -> Array:
    """Evaluate the log-density of ``x []``; -inf outside (0, 1), with a gradient that stays finite."""
    inside = (x > 0) & (x < 1)
    safe = jnp.where(inside, x, 0.5)
    return jnp.where(inside, xlogy(a - 1, safe) + xlog1py(b - 1, -safe) - log_norm, -jnp.inf)


def sample(a: float, b: float, key: Key) -> Array:
    """Draw one exact sample ``[]``."""
    return jax.random.beta(key, a, b)
