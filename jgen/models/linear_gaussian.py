r"""Define the linear Gaussian decoder, with exact posterior and log-likelihood.

.. math:: z \sim N(0, I), \quad x \mid z \sim N(Wz + b, s^2 I), \quad x \sim N(b, WW^\top + s^2 I),

.. math:: z \mid x \sim N(M^{-1} W^\top (x - b), s^2 M^{-1}), \qquad M = W^\top W + s^2 I.

Its parameters are ``params["decoder"] = {"weight" [dim, latent], "bias" [dim], "log_scale" []}``.
"""

from math import log, pi
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.linalg import solve_triangular

from jgen._internal.dtypes import at_least_float32
from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.types import Array, PyTree


class Posterior(NamedTuple):
    """Gaussian posterior of z, with the same covariance for every x.

    Attributes:
        mean: ``[batch, latent]``.
        factor: Any square root of the covariance ``[latent, latent]``.
        log_det: Log-determinant of M in units of the noise, :math:`M / s^2` ``[]``.
    """

    mean: Array
    factor: Array
    log_det: Array


def linear_decoder(params: PyTree, z: Array) -> dist.Distribution:
    """Return p(x | z) ``[batch]`` over ``[dim]`` for ``z [batch, latent]``."""
    return linear_normal(params["decoder"], z)


def linear_normal(part: PyTree, inputs: Array) -> dist.Distribution:
    """Return a Normal ``[batch]`` whose mean is affine in ``inputs [batch, from]``, over ``[to]``."""
    mean = jnp.matmul(inputs, part["weight"].T, precision="highest")  # [batch, to]
    mean += jnp.broadcast_to(part["bias"], mean.shape)
    return dist.Normal(mean, jnp.broadcast_to(jnp.exp(part["log_scale"]), mean.shape)).to_event(1)


def exact_posterior(params: PyTree, x: Array) -> dist.Distribution:
    """Return p(z | x) ``[batch]`` over ``[latent]`` for ``x [batch, dim]``."""
    mean, factor, _ = _posterior(params["decoder"], x)
    lower = jnp.linalg.cholesky(jnp.matmul(factor, factor.T, precision="highest"))
    return MultivariateNormal(mean, scale_tril=jnp.broadcast_to(lower, (*mean.shape, len(lower))))


@jax.jit
def linear_log_prob(params: PyTree, x: Array) -> Array:
    r"""Compute the exact log p(x) of the linear Gaussian decoder under the standard normal prior.

    With m the posterior mean, :math:`-\tfrac12 (|x - b - Wm|^2/s^2 + |m|^2 + \log\det (M/s^2) + d \log s^2
    + d \log 2\pi)`, without cancellation of large numbers.

    Args:
        params: Parameters of ``ppca`` or ``linear_vae``.
        x: ``[batch, dim]``.

    Returns:
        ``[batch]``, in nats.

    Example:
        >>> decoder = {"weight": jnp.ones((1, 1)), "bias": jnp.zeros(1), "log_scale": jnp.zeros(())}
        >>> print(linear_log_prob({"decoder": decoder}, jnp.zeros((1, 1))).round(4))  # N(0, 2) at 0
        [-1.2655]
    """
    params, x = jax.tree.map(at_least_float32, (params, x))
    decoder = params["decoder"]
    dim, log_scale = decoder["weight"].shape[0], decoder["log_scale"]
    mean, _, log_det = _posterior(decoder, x)
    misfit = x - linear_decoder(params, mean).mean
    quadratic = ((misfit / jnp.exp(log_scale)) ** 2).sum(-1) + (mean**2).sum(-1)  # [batch]
    return -(quadratic + log_det + 2 * dim * log_scale + dim * log(2 * pi)) / 2


def _posterior(decoder: PyTree, x: Array) -> Posterior:
    scale = jnp.exp(decoder["log_scale"])
    weight = decoder["weight"] / scale  # in units of the noise, whose square may be no number
    with jax.default_matmul_precision("highest"):
        gram = weight.T @ weight + jnp.eye(weight.shape[1], dtype=weight.dtype)
        lower = jnp.linalg.cholesky(gram)
        inverse = solve_triangular(lower, jnp.eye(len(lower), dtype=lower.dtype), lower=True)
        mean = (x - jnp.broadcast_to(decoder["bias"], x.shape)) / scale @ weight @ inverse.T @ inverse
    return Posterior(mean, inverse.T, 2 * jnp.log(jnp.diag(lower)).sum())
