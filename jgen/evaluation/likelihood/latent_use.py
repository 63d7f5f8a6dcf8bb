"""Measure how much an encoder uses of each latent: active units, divergence from the prior, aggregate."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from jgen._internal.compiled import jit
from jgen.distributions.moments import moments
from jgen.evaluation.likelihood.decoder_model import DecoderModel, key_of, one, start_of, unwrapped
from jgen.evaluation.results import mean_result
from jgen.objectives.kl_estimates import closed_form_kl
from jgen.objectives.latent_terms import encode, prior_of, sample_and_log_prob
from jgen.types import Array, Key, PyTree, Result

NUM_DRAWS = 64
"""Draws of q(z | x) where its moments or its divergence from the prior have no closed form."""
LEAST_VARIANCE = 0.01
"""Variance of E[z | x] over examples above which a latent counts as active (Burda et al. 2016)."""


class LatentUse(NamedTuple):
    r"""How an encoder uses the latents, over the examples.

    Attributes:
        variance: Variance of :math:`E_q[z_j \mid x]` over these examples ``[latent]``; for ``ppca`` on its
            own rows :math:`1 - s^2 / \lambda_j`.
        num_active: How many of these are above 0.01.
        kl: Mean over all examples of :math:`KL(q(z \mid x) \| p(z))`, in nats.
        kl_by_latent: Mean over these examples of the divergence of each latent's marginal from its prior
            ``[latent]``, nats, where q is Gaussian and the prior a product of normals; None elsewhere. It
            sums to that of ``kl`` where q factorises.
        aggregate_mean: Mean of the aggregated posterior, :math:`\frac1n \sum_i q(z \mid x_i)` ``[latent]``.
        aggregate_covariance: Its covariance ``[latent, latent]``; the identity for ``ppca`` on its own rows.
    """

    variance: np.ndarray
    num_active: int
    kl: Result
    kl_by_latent: np.ndarray | None
    aggregate_mean: np.ndarray
    aggregate_covariance: np.ndarray


class Moments(NamedTuple):
    """Moments of q(z | x) of each example, and its divergence from the prior.

    Attributes:
        mean: ``[batch, latent]``.
        covariance: ``[batch, latent, latent]``.
        noise: Covariance of the error of ``mean``, 0 where it is a closed form ``[batch, latent, latent]``.
        kl: ``[batch]``.
        kl_by_latent: ``[batch, latent]``, NaN where it is not known.
    """

    mean: Array
    covariance: Array
    noise: Array
    kl: Array
    kl_by_latent: Array


@jit
def posterior_moments(fitted: DecoderModel, x: PyTree, index: Array, key: Key) -> Moments:
    """Compute the moments of a batch; those without a closed form from draws of each example."""

    def of_example(x: PyTree, index: Array) -> Moments:
        q, prior = start_of(fitted, x), prior_of(fitted.model, fitted.params)
        keys = jax.random.split(key_of(key, index), NUM_DRAWS)
        mean, covariance, noise = _moments(q, keys)
        alone = encode(fitted.model, fitted.params, one(x))
        kl = jax.vmap(partial(_kl, alone, prior))(keys).mean()
        return Moments(mean, covariance, noise, kl, _gaussian_kl(q, prior, mean, jnp.diagonal(covariance)))

    return jax.vmap(of_example)(x, index)


def _kl(posterior: dist.Distribution, prior: dist.Distribution, key: Key) -> Array:
    return closed_form_kl(posterior, prior, *sample_and_log_prob(posterior, key)).sum()


def _moments(q: dist.Distribution, keys: Key) -> tuple[Array, Array, Array]:
    """Return mean ``[latent]``, covariance ``[latent, latent]``, and that of the error of this mean."""
    normal = unwrapped(q)
    if isinstance(normal, dist.MultivariateNormal):
        return q.mean.ravel(), normal.covariance_matrix, jnp.zeros_like(normal.covariance_matrix)
    try:
        mean, variance = moments(q)
        covariance = jnp.diag(variance.ravel())
        return mean.ravel(), covariance, jnp.zeros_like(covariance)
    except NotImplementedError:
        z = jax.vmap(q.sample)(keys).reshape(len(keys), -1)
        covariance = jnp.atleast_2d(jnp.cov(z, rowvar=False))
        return z.mean(0), covariance, covariance / len(keys)


def _gaussian_kl(q: dist.Distribution, prior: dist.Distribution, mean: Array, variance: Array) -> Array:
    """Compute the divergence of each marginal from its prior, where both are normal."""
    normal = unwrapped(prior)
    if type(normal) is not dist.Normal or not isinstance(unwrapped(q), dist.Normal | dist.MultivariateNormal):
        return jnp.full_like(mean, jnp.nan)
    loc, scale = (jnp.broadcast_to(part, prior.event_shape).ravel() for part in (normal.loc, normal.scale))
    ratio = variance / scale**2
    return (ratio + ((mean - loc) / scale) ** 2 - 1 - jnp.log(ratio)) / 2


def latent_use(run: Callable[[Callable[..., Moments]], Moments], fitted: DecoderModel, key: Key) -> LatentUse:
    """Reduce the moments of all examples, on the host in float64.

    Args:
        run: Runs ``program(x, index)`` over all examples, and joins what it returns.
        fitted: A model with an encoder.
        key: For what has no closed form.
    """
    found = run(lambda x, index: posterior_moments(fitted, x, index, key))
    mean, covariance, noise, kl, by_latent = (np.asarray(part, np.float64) for part in found)
    centred = mean - mean.mean(0)
    between = centred.T @ centred / len(mean) - noise.mean(0)  # covariance of E[z | x]
    variance = np.diag(between)
    result = mean_result(kl, "divergence of the encoder from the prior", {"unit": "nats"})
    return LatentUse(
        variance,
        int((variance > LEAST_VARIANCE).sum()),
        result,
        None if np.isnan(by_latent).all() else by_latent.mean(0),
        mean.mean(0),
        between + covariance.mean(0),
    )
