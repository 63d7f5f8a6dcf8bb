"""Define the Behrens-Fisher posterior of two normal samples of unequal variance (Student's sleep data)."""

from math import lgamma, log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from scipy.special import digamma, ndtr, polygamma

from jgen.targets.parts import make_target
from jgen.types import Array, Key, Target

SLEEP = (
    (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0),
    (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4),
)
"""Hours of sleep gained under two drugs."""


def behrens_fisher() -> Target:
    r"""Make the posterior of two means and two log-scales under flat priors.

    .. math:: y_{ki} \sim N(\mu_k, \sigma_k^2), \qquad p(\mu, \log \sigma) \propto 1

    The prior is improper but the posterior is proper: each mean is Student t of n - 1 degrees of freedom
    about the sample's, and log Z is a product of two gamma integrals. The difference of the means has no
    closed form; the probability that the second drug is better is an integral over both scales, by a
    trapezoid sum.

    Returns:
        The target; its position is an array ``[4]``, both means, then both log-scales.

    Example:
        >>> function, truth = behrens_fisher().expectations["second is better"]
        >>> round(truth, 2)
        0.95

    Reference:
        Student, "The probable error of a mean", Biometrika 6, 1908 (the data); Fisher, "The fiducial argument
        in statistical inference", Annals of Eugenics 6, 1935. Closed form, quadrature.
    """
    y = np.array(SLEEP)
    n = y.shape[1]
    centre, scatter = y.mean(1), np.square(y - y.mean(1, keepdims=True)).sum(1)  # [sample]
    shape = (n - 1) / 2
    # [sample], of the integral over log sigma
    log_gamma = lgamma(shape) - shape * np.log(scatter / 2) - log(2)
    log_evidence = float((log_gamma - shape * log(2 * pi) - log(n) / 2).sum())

    t = np.arange(-3, 5, 0.04)[:, None]  # [node, 1], log sigma
    weights = np.exp(-2 * shape * t - scatter / 2 * np.exp(-2 * t) - log_gamma) * 0.04  # [node, sample]
    spread = np.sqrt((np.exp(2 * t) + np.exp(2 * t.T)) / n)  # [node, node]
    better = weights[:, 0] @ ndtr((centre[1] - centre[0]) / spread) @ weights[:, 1]
    return make_target(
        log_density=Partial(log_density, y),
        start=np.zeros(4),
        sample=Partial(sample, centre, scatter, shape),
        mean=np.concatenate([centre, (np.log(scatter / 2) - digamma(shape)) / 2]),
        variance=np.concatenate([scatter / (n - 3) / n, np.full(2, polygamma(1, shape) / 4)]),
        log_evidence=log_evidence,
        expectations={
            "second is better": (Partial(second_is_better), better),
            "sigma^2": (Partial(variances), scatter / (n - 3)),
        },
        source="Student 1908; closed form, quadrature",
    )


def second_is_better(position: Array) -> Array:
    """Return whether the second mean is the larger one."""
    return (position[1] > position[0]).astype(position.dtype)


def variances(position: Array) -> Array:
    """Return both variances ``[2]``."""
    return jnp.exp(2 * position[2:])


def log_density(y: Array, position: Array) -> Array:
    """Evaluate log p(y given position) of ``y [sample, observation]``."""
    mean, log_scale = position[:2], position[2:]
    squares = jnp.square(y - mean[:, None]).sum(1) * jnp.exp(-2 * log_scale)  # [sample]
    return -(squares / 2 + y.shape[1] * (log_scale + log(2 * pi) / 2)).sum()


def sample(centre: Array, scatter: Array, shape: float, key: Key) -> Array:
    """Draw one exact sample ``[4]``: both scales, then both means; a sample has 2 shape + 1 observations."""
    scale_key, mean_key = jax.random.split(key)
    log_g = jax.random.loggamma(scale_key, shape, (2,), centre.dtype)
    log_scale = (jnp.log(scatter / 2) - log_g) / 2  # [sample]
    noise = jax.random.normal(mean_key, (2,), centre.dtype) / jnp.sqrt(2 * shape + 1)
    return jnp.concatenate([centre + jnp.exp(log_scale) * noise, log_scale])
