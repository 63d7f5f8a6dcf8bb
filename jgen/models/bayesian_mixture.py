"""Build Bayesian Gaussian mixtures with diagonal covariances, in coordinates of standard normal prior."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.scipy.special import logsumexp
from jax.tree_util import Partial

from jgen.types import Array, Key, LogDensity

WEIGHT_SCALE, MEAN_SCALE = 1.0, 1.5
LOG_PRECISION_MEAN, LOG_PRECISION_SCALE = float(np.log(4.0)), 1.0


class BayesianMixture(NamedTuple):
    r"""Mixture of K diagonal Gaussians with a prior over its parameters.

    The latent ``z [component, 1 + 2 dim]`` is standard normal a priori; for each component it holds the logit
    of its weight, its mean and its log-precision, with the scales

    .. math:: w = \mathrm{softmax}(a), \quad a_k \sim N(0, 1), \quad m_k \sim N(0, 1.5^2), \quad
        \log \lambda_k \sim N(\log 4, 1),

    which suit standardised rows. The prior is the same for every component, so the posterior has K! copies of
    every mode, and a good sampler visits them all.

    Attributes:
        rows: Data ``[row, dim]``.
        prior: Standard normal over ``z``, the base of annealing paths.
        log_density: z -> log prior + log likelihood ``[]``, in nats; its integral is the evidence.
    """

    rows: Array
    prior: dist.Distribution
    log_density: LogDensity


def bayesian_mixture(rows: Array, num_components: int) -> BayesianMixture:
    """Build the posterior over mixtures of standardised rows.

    Args:
        rows: The data ``[row, dim]``, of mean 0 and variance 1 in every column, approximately.
        num_components: Number of components.

    Returns:
        Prior and unnormalised posterior.

    Raises:
        ValueError: If the rows are no table, or num_components is below 1.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> model = bayesian_mixture(jnp.array([[-1.0], [1.0]]), 2)
        >>> z = model.prior.sample(jax.random.key(0))
        >>> z.shape, model.log_density(z).shape
        ((2, 3), ())

    Reference:
        Frühwirth-Schnatter (2006), "Finite Mixture and Markov Switching Models", chapter 3.
    """
    rows = jnp.asarray(rows)
    if rows.ndim != 2 or rows.size == 0 or num_components < 1:
        raise ValueError(
            f"rows must be a table [row, dim] and num_components at least 1; got shape {rows.shape} and "
            f"{num_components}"
        )
    shape = (num_components, 1 + 2 * rows.shape[1])
    prior = dist.Normal(jnp.zeros(shape, rows.dtype), 1.0).to_event(2)
    return BayesianMixture(rows, prior, Partial(log_joint, rows))


def log_joint(rows: Array, z: Array) -> Array:
    """Compute log prior plus log likelihood ``[]`` of ``z [component, 1 + 2 dim]``."""
    log_weights, means, log_precisions = parameters(z)
    precisions = jnp.exp(log_precisions)
    # The squared distances, expanded: two matrix products in place of an array [component, row, dim].
    quadratic = jnp.matmul(precisions, rows.T**2, precision="highest")
    quadratic -= 2 * jnp.matmul(precisions * means, rows.T, precision="highest")  # [component, row]
    constants = jnp.sum(precisions * means**2 - log_precisions + jnp.log(2 * jnp.pi), axis=1)  # [component]
    terms = log_weights[:, None] - 0.5 * (quadratic + constants[:, None])  # [component, row]
    log_prior = -0.5 * jnp.sum(z**2) - 0.5 * z.size * jnp.log(2 * jnp.pi)
    return log_prior + jnp.sum(logsumexp(terms, axis=0))


def parameters(z: Array) -> tuple[Array, Array, Array]:
    """Return log-weights ``[component]``, means and log-precisions ``[component, dim]``."""
    dim = (z.shape[1] - 1) // 2
    log_weights = jax.nn.log_softmax(WEIGHT_SCALE * z[:, 0])
    means, log_precisions = z[:, 1 : 1 + dim], z[:, 1 + dim :]
    return log_weights, MEAN_SCALE * means, LOG_PRECISION_MEAN + LOG_PRECISION_SCALE * log_precisions


def relabelled(key: Key, z: Array) -> Array:
    """Permute the components at random, a move that leaves the posterior invariant."""
    return jax.random.permutation(key, z)


@partial(jax.jit, static_argnames="columns")
def log_predictive(draws: Array, columns: tuple[int, ...], points: Array) -> Array:
    """Compute the log density of some columns of a new row, averaged over draws of the posterior.

    Args:
        draws: Draws of z ``[draw, component, 1 + 2 dim]``.
        columns: Columns of the points; the others are integrated out.
        points: ``[point, len(columns)]``.

    Returns:
        ``[point]``, in nats.

    Example:
        >>> z = jnp.zeros((1, 1, 3))  # one draw: a normal of mean 0 and precision 4
        >>> print(round(float(log_predictive(z, (0,), jnp.zeros((1, 1)))[0]), 3))  # log(2 / sqrt(2 pi))
        -0.226
    """

    def of_draw(z: Array, point: Array) -> Array:
        log_weights, means, log_precisions = parameters(z)
        at = jnp.array(columns)
        normal = dist.Normal(means[:, at], jnp.exp(-0.5 * log_precisions[:, at]))  # [component, column]
        return logsumexp(log_weights + normal.log_prob(jnp.broadcast_to(point, normal.loc.shape)).sum(axis=1))

    # [point, draw]
    log_densities = jax.vmap(jax.vmap(of_draw, (0, None)), (None, 0))(draws, jnp.asarray(points, draws.dtype))
    return logsumexp(log_densities, axis=1) - jnp.log(len(draws))


def log_evidence_of_one(rows: Array) -> float:
    r"""Compute the exact log evidence of one component, in nats.

    Given the precision, the mean integrates out, which leaves one dimension of quadrature per column:

    .. math:: p(y \mid \lambda) = (2\pi)^{-n/2} \lambda^{n/2} (1 + n\tau^2\lambda)^{-1/2}
        \exp\Big(\frac{\tau^2\lambda^2 (\sum_i y_i)^2}{2 (1 + n\tau^2\lambda)}
        -\tfrac\lambda2 \sum_i y_i^2 \Big).

    Args:
        rows: The data ``[row, dim]``.

    Example:
        >>> round(log_evidence_of_one(jnp.zeros((1, 1))), 4)
        -1.3987
    """
    y = np.asarray(rows, np.float64)
    u = np.linspace(-12.0, 12.0, 20_001)[:, None]  # the standard normal behind the log-precision
    precision = np.exp(LOG_PRECISION_MEAN + LOG_PRECISION_SCALE * u)  # [grid, 1]
    n, spread = len(y), 1.0 + len(y) * MEAN_SCALE**2 * precision
    fit = -0.5 * precision * (y**2).sum(0) + 0.5 * (MEAN_SCALE * precision * y.sum(0)) ** 2 / spread
    log_terms = 0.5 * n * np.log(precision / (2 * np.pi)) - 0.5 * np.log(spread) + fit  # [grid, dim]
    log_terms += -0.5 * u**2 - 0.5 * np.log(2 * np.pi) + np.log(u[1, 0] - u[0, 0])
    top = log_terms.max(0)
    return float((top + np.log(np.exp(log_terms - top).sum(0))).sum())
