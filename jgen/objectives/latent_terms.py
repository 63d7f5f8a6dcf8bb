"""Compute the terms of latent-variable objectives: posterior draws, priors, likelihoods."""

from functools import partial

import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen._internal.binding import as_partial
from jgen.diagnostics.weights.kish_ess import kish_ess
from jgen.distributions.parameters import log_prob_of
from jgen.objectives import input_checks
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def bind_model(model: LatentModel) -> LatentModel:
    """Return the model with each of its functions as a ``Partial``, so that jit takes it as an argument."""
    if not isinstance(model, LatentModel):
        raise TypeError(f"the objective needs a LatentModel, got {type(model).__name__}")
    encoder = None if model.encoder is None else as_partial(model.encoder)
    return LatentModel(as_partial(model.init), as_partial(model.prior), as_partial(model.decoder), encoder)


def log_weights(model: LatentModel, params: PyTree, x: PyTree, key: Key, num_particles: int) -> Array:
    """Compute log p(x, z) - log q(z | x), ``[particle, batch]``, nats; the mean of its exponential is p(x).

    The particles z are drawn from the posterior, which must have a density; the decoder is called once.
    """
    posterior = input_checks.require_density(encode(model, params, x))
    keys = jax.random.split(key, num_particles)
    z, log_posterior = jax.vmap(lambda key: sample_and_log_prob(posterior, key))(keys)
    return log_prior(model, params, z) + log_likelihood(model, params, x, z) - log_posterior


def encode(model: LatentModel, params: PyTree, x: PyTree) -> dist.Distribution:
    """Return q(z | x) ``[batch]`` over the latents of the prior; raise a ValueError if shapes do not fit."""
    if model.encoder is None:
        raise ValueError(
            "the model has no encoder, and this objective draws z from q(z | x): give the LatentModel one, "
            "or train it against a critic, or by maximum_likelihood where its marginal is known"
        )
    posterior = input_checks.distribution_given("encoder", model.encoder, params, x)
    latent = prior_of(model, params).event_shape
    if posterior.event_shape != latent:
        raise ValueError(
            f"the encoder's latents have shape {posterior.event_shape} and the prior's {latent}: make "
            f"both of one latent size"
        )
    return posterior


def decode(model: LatentModel, params: PyTree, z: PyTree) -> dist.Distribution:
    """Return p(x | z) ``[batch]``; raise a ValueError if shapes do not fit."""
    return input_checks.distribution_given("decoder", model.decoder, params, z)


def decoded(model: LatentModel, params: PyTree, x: PyTree, key: Key) -> dist.Distribution:
    """Return p(x | z) ``[batch]`` at a draw of z for each x; raise a ValueError if shapes do not fit."""
    likelihood = decode(model, params, draw(model, params, x, key))
    input_checks.require_event("decoder", likelihood, x)
    return likelihood


def prior_of(model: LatentModel, params: PyTree) -> dist.Distribution:
    """Return p(z), without batch axes."""
    return input_checks.require_unbatched("the prior", model.prior(params), "latent")


def draw(model: LatentModel, params: PyTree, x: PyTree, key: Key) -> Array:
    """Draw z ~ q(z | x), ``[batch, *latent]``, reparameterised; a point encoder returns its points.

    All objectives that need one draw make this one of their key, so that a sum of objectives makes it once.
    """
    return input_checks.require_reparameterised("encoder", encode(model, params, x)).sample(key)


def draw_prior(model: LatentModel, params: PyTree, key: Key, num_draws: int) -> Array:
    """Draw z ~ p(z), ``[batch, *latent]``."""
    return jax.vmap(prior_of(model, params).sample)(jax.random.split(key, num_draws))


def mean_of(part: str, distribution: dist.Distribution) -> Array:
    """Return the mean ``[batch, *event]``; raise a ValueError if it is not known."""
    try:
        return distribution.mean
    except NotImplementedError as error:
        raise ValueError(
            f"the {part} returns {type(distribution).__name__}, which has no mean in closed form, and this "
            f"objective is about the mean"
        ) from error


def log_prior(model: LatentModel, params: PyTree, z: Array) -> Array:
    """Compute log p(z) of ``z [particle, batch, *latent]``, ``[particle, batch]``."""
    return jax.vmap(jax.vmap(partial(log_prob_of, prior_of(model, params))))(z)


def log_likelihood(model: LatentModel, params: PyTree, x: PyTree, z: Array) -> Array:
    """Compute log p(x | z) ``[particle, batch]`` of ``z [particle, batch, *latent]`` in one decoder call."""
    num_particles = z.shape[0]
    likelihood = decode(model, params, z.reshape(-1, *z.shape[2:]))
    input_checks.require_event("decoder", likelihood, x)
    tiled = jax.tree.map(lambda leaf: jnp.tile(leaf, (num_particles,) + (1,) * (leaf.ndim - 1)), x)
    return log_prob_of(likelihood, tiled).reshape(num_particles, -1)


def sample_and_log_prob(distribution: dist.Distribution, key: Key) -> tuple[Array, Array]:
    """Return a reparameterised draw ``[batch, *event]`` and its log-probability ``[batch]``.

    The intermediates of a flow's draw are reused, so that its log-probability needs no inverse.
    """
    z, intermediates = distribution.sample_with_intermediates(key)
    return z, distribution.log_prob(z, intermediates) if intermediates else log_prob_of(distribution, z)


def log_mean_exp(log_weight: Array) -> Array:
    """Compute the log of the mean over particles, ``[particle, batch] -> [batch]``."""
    return jax.nn.logsumexp(log_weight, axis=0) - jnp.log(log_weight.shape[0])


def bounds(log_weight: Array) -> dict[str, Array]:
    """Return bound, ELBO and effective number of draws of each example, ``[particle, batch] -> [batch]``."""
    ess = jax.vmap(kish_ess, in_axes=1)(log_weight)
    return {"bound": log_mean_exp(log_weight), "elbo": log_weight.mean(0), "ess": ess}


def per_example(array: Array) -> Array:
    """Flatten ``[batch, ...]`` to ``[batch, number]``."""
    return array.reshape(array.shape[0], -1)


def code_length(model: LatentModel, weight: Array, params: PyTree, batch: PyTree, key: Key) -> LossAndAux:
    """Compute the mean squared length of the codes times a weight: an objective for recipes."""
    length = jnp.square(per_example(draw(model, params, batch, key))).sum(1)  # [batch]
    return weight * length.mean(), {"length": length}
