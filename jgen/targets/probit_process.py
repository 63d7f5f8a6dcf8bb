"""Define a Gaussian process observed through signs: a probit classifier at three inputs."""

from math import asin, log, pi, sqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jax.tree_util import Partial

from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.targets.parts import make_target, sample_by_rejection, sample_gaussian
from jgen.types import Array, Key, Target

INPUTS = (-1.0, 0.0, 1.5)
LABELS = (1.0, 1.0, -1.0)
AMPLITUDE = 2.0


def probit_process() -> Target:
    r"""Make the posterior of a function's values f at three inputs, given noisy signs.

    .. math:: f \sim N(0, K), \quad K_{ij} = 4 e^{-(x_i - x_j)^2 / 2}, \quad
        p(y | f) = \prod_i \Phi(y_i f_i)

    The signs are those of g = f + noise, so Z is the probability of an orthant under N(0, K + I), which
    in three dimensions is 1/8 + sum asin(rho_ij) / 4 pi. Tallis's formulas give the moments of g in
    its orthant, and regression on g those of f. A draw is g by rejection, then f given g.

    The proposal is the prior; no probability of a sign exceeds 1, which is approached, so
    ``log_bound = 0``.

    Returns:
        The target; its position is an array ``[3]``; ``log_evidence`` is log p(y).

    Example:
        >>> target = probit_process()
        >>> print(jnp.sign(target.mean))
        [ 1.  1. -1.]

    Reference:
        Tallis, "The moment generating function of the truncated multi-normal distribution", JRSS B 23, 1961;
        Rasmussen and Williams, "Gaussian processes for machine learning", 2006, chapter 3.
    """
    x, y = np.array(INPUTS), np.array(LABELS)
    kernel = AMPLITUDE**2 * np.exp(-np.square(x[:, None] - x[None]) / 2)  # [3, 3]
    noisy = kernel + np.eye(3)
    probability, mean, second = orthant(noisy * y[:, None] * y[None])
    mean, second = y * mean, second * y[:, None] * y[None]  # of g
    gain = kernel @ np.linalg.inv(noisy)  # f given g is N(gain g, rest)
    rest = kernel - gain @ kernel
    covariance = rest + gain @ (second - np.outer(mean, mean)) @ gain.T
    lower = np.linalg.cholesky(kernel)
    return make_target(
        log_density=Partial(log_density, np.linalg.inv(lower), np.log(np.diag(lower)).sum(), y),
        start=y,
        sample=Partial(sample, y, np.linalg.cholesky(noisy), gain, np.linalg.cholesky(rest)),
        mean=gain @ mean,
        variance=np.diag(covariance),
        log_evidence=log(probability),
        expectations={"f f'": (Partial(outer), covariance + np.outer(gain @ mean, gain @ mean))},
        proposal=MultivariateNormal(np.zeros(3), scale_tril=lower),
        log_bound=0.0,
        source="Tallis 1961; closed form",
    )


def orthant(covariance: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Integrate a centred normal over the positive orthant of R^3.

    Returns:
        The probability of the orthant, and E g ``[3]`` and E g g' ``[3, 3]`` in it.
    """
    scale = np.sqrt(np.diag(covariance))
    rho = covariance / scale[:, None] / scale
    probability = 1 / 8 + sum(asin(rho[i, j]) for i, j in ((0, 1), (0, 2), (1, 2))) / (4 * pi)
    edge = np.zeros(3)  # density of g_q = 0, times the probability that the others are positive then
    corner = np.zeros((3, 3))  # density of g_q = g_r = 0, times 1/2 for the last one
    for q in range(3):
        r, s = (i for i in range(3) if i != q)
        partial = (rho[r, s] - rho[q, r] * rho[q, s]) / sqrt((1 - rho[q, r] ** 2) * (1 - rho[q, s] ** 2))
        edge[q] = (1 / 4 + asin(partial) / (2 * pi)) / sqrt(2 * pi) / scale[q] / probability
        for other in (r, s):
            root = sqrt(1 - rho[q, other] ** 2)
            corner[q, other] = 1 / (4 * pi * scale[q] * scale[other] * root) / probability
    second = covariance.copy()
    for q in range(3):
        for r in range(3):
            left = covariance[:, r] - covariance[:, q] * covariance[r, q] / covariance[q, q]  # [3]
            second += np.outer(covariance[:, q], left) * corner[q, r]
    return probability, covariance @ edge, second


def outer(f: Array) -> Array:
    """Return products of the values ``[3, 3]``."""
    return f[:, None] * f[None]


def log_density(whitener: Array, log_det: float, y: Array, f: Array) -> Array:
    """Evaluate log p(y, f), normalised over both, at ``f [3]``."""
    u = jnp.matmul(whitener, f, precision="highest")  # [3]
    return norm.logcdf(y * f).sum() - u @ u / 2 - log_det - 1.5 * log(2 * pi)


def log_accept(y: Array, g: Array) -> Array:
    """Accept where all signs are the observed ones."""
    return jnp.where((y * g > 0).all(), 0.0, -jnp.inf)


def sample(y: Array, lower: Array, gain: Array, rest: Array, key: Key) -> Array:
    """Draw one exact sample ``[3]``."""
    g_key, f_key = jax.random.split(key)
    propose = Partial(sample_gaussian, jnp.zeros_like(y), lower)
    g = sample_by_rejection(propose, Partial(log_accept, y), g_key)
    return sample_gaussian(jnp.matmul(gain, g, precision="highest"), rest, f_key)
