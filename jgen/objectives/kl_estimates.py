r"""Estimate the divergence of a posterior from the prior for each example, in three ways.

Each is ``(posterior, prior, z, log_posterior) -> [batch, group]`` in nats, whose sum over groups is, or has
as its expectation, :math:`KL(q(z | x) \| p(z))`.
"""

import contextlib
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen.distributions.kl import kl
from jgen.distributions.parameters import map_parameters
from jgen.types import Array


def closed_form_kl(posterior: Any, prior: Any, z: Array, log_posterior: Array) -> Array:
    """Compute the closed form where one is known, else ``sampled_kl``; one group."""
    exact = _closed_form(posterior, prior)
    return sampled_kl(posterior, prior, z, log_posterior) if exact is None else exact[:, None]


def sampled_kl(posterior: Any, prior: Any, z: Array, log_posterior: Array) -> Array:
    """Compute log q(z | x) - log p(z) at one draw: unbiased, possibly below 0; one group.

    It needs no formula, and as q nears the exact posterior its noise and that of the reconstruction cancel.
    """
    del posterior
    return (log_posterior - jax.vmap(prior.log_prob)(z))[:, None]


def kl_by_coordinate(posterior: Any, prior: Any, z: Array, log_posterior: Array) -> Array:
    """Compute the closed form of each coordinate of the latent, a group each, where both factorise."""
    del z, log_posterior
    if isinstance(posterior, dist.Independent) and isinstance(prior, dist.Independent):
        exact = _closed_form(posterior.base_dist, prior.base_dist)
        if exact is not None:
            return exact.reshape(exact.shape[0], -1)
    raise ValueError(
        f"kl_by_coordinate needs a posterior and a prior that factorise, such as Normal(...).to_event(1), "
        f"got {type(posterior).__name__} and {type(prior).__name__}: use closed_form_kl or sampled_kl"
    )


def _closed_form(posterior: Any, prior: Any) -> Array | None:
    size = posterior.batch_shape[0]
    with contextlib.suppress(TypeError):  # a prior for each example, since NumPyro would promote ranks
        prior = map_parameters(prior, lambda leaf: jnp.broadcast_to(leaf, (size, *leaf.shape)))
    try:
        return kl(posterior, prior).value
    except ValueError:  # it has no closed form and was given no key
        return None
