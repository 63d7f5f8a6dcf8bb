"""What the objectives share: encode, decode, draw and weigh, and say what does not fit."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from flax.errors import ScopeParamShapeError
from jax.tree_util import Partial

from jgen.binding import bind
from jgen.types import Array, Conditional, Game, Key, LatentModel, Objective, PyTree, Scheduled
from jgen.weights.kish_ess import kish_ess

Critic = Callable[[PyTree], tuple[Partial, Partial]]
"""``critic(examples [batch, ...]) -> (init, apply)`` of a network that scores such examples."""


class Setting(NamedTuple):
    """What a recipe may make its objective of.

    Attributes:
        model: A model with an encoder.
        batch: Data for it, ``[batch, *event]``.
        critic: Makes a critic for examples of a given shape.
    """

    model: LatentModel
    batch: PyTree
    critic: Critic


class Recipe(NamedTuple):
    """How the laws (``jgen.testing.check_objective``) make an objective, and what they may ask of it.

    Attributes:
        make: ``make(scale) -> objective``, its weights and other numbers ``scale`` times as large.
        init: ``init(key) -> params`` of what it trains.
        batch: Data for it, ``[batch, ...]`` on every leaf.
        stochastic: Whether the loss depends on the key.
        coupled: Whether what ``aux`` says of one example depends on the others.
        smallest: The least number of examples it is defined for.
    """

    make: Callable[[float], Objective | Scheduled]
    init: Callable[[Key], PyTree]
    batch: PyTree
    stochastic: bool = True
    coupled: bool = False
    smallest: int = 1


class Particles(NamedTuple):
    """Draws z ~ q(z | x) and what the model says of them.

    Attributes:
        z: ``[particle, batch, *latent]``.
        log_prior: log p(z) ``[particle, batch]``, nats.
        log_likelihood: log p(x | z) ``[particle, batch]``, nats.
        log_posterior: log q(z | x) ``[particle, batch]``, nats.
    """

    z: Array
    log_prior: Array
    log_likelihood: Array
    log_posterior: Array

    @property
    def log_weight(self) -> Array:
        """Log p(x, z) - log q(z | x), ``[particle, batch]``: exp of it averages to p(x)."""
        return self.log_prior + self.log_likelihood - self.log_posterior


def with_parts_bound(model: LatentModel) -> LatentModel:
    """The model, each of its functions a ``Partial``: so it may be an argument of what is compiled."""
    if not isinstance(model, LatentModel):
        raise TypeError(f"the objective is one of a LatentModel, got {type(model).__name__}")
    encoder = None if model.encoder is None else bind(model.encoder)
    return LatentModel(bind(model.init), bind(model.prior), bind(model.decoder), encoder)


def particles(model: LatentModel, params: PyTree, x: PyTree, key: Key, num_particles: int) -> Particles:
    """Draws of a posterior that has a density, weighed; the decoder is called once for all of them."""
    posterior = require_density(encode(model, params, x))
    z, log_posterior = jax.vmap(lambda key: sample_and_log_prob(posterior, key))(
        jax.random.split(key, num_particles)
    )
    return Particles(z, log_prior(model, params, z), log_likelihood(model, params, x, z), log_posterior)


def encode(model: LatentModel, params: PyTree, x: PyTree) -> dist.Distribution:
    """q(z | x) ``[batch]`` over the latents of the prior, or a ValueError that says what does not fit."""
    if model.encoder is None:
        raise ValueError(
            "the model has no encoder, and this objective draws z from q(z | x): give the LatentModel one, "
            "or train it as a Game, or by maximum_likelihood where its marginal is known"
        )
    posterior = distribution_given("encoder", model.encoder, params, x)
    latent = prior_of(model, params).event_shape
    if posterior.event_shape != latent:
        raise ValueError(
            f"the encoder's latents have shape {posterior.event_shape} and the prior's {latent}: make "
            f"both of one latent size"
        )
    return posterior


def decode(model: LatentModel, params: PyTree, z: PyTree) -> dist.Distribution:
    """p(x | z) ``[batch]``, or a ValueError that says what does not fit."""
    return distribution_given("decoder", model.decoder, params, z)


def prior_of(model: LatentModel, params: PyTree) -> dist.Distribution:
    """p(z), without batch axes."""
    prior = model.prior(params)
    if prior.batch_shape:
        raise ValueError(
            f"the prior must be one distribution without batch axes, got batch_shape {prior.batch_shape}; "
            f"use .to_event({len(prior.batch_shape)}) if they are one latent"
        )
    return prior


def draw(model: LatentModel, params: PyTree, x: PyTree, key: Key) -> Array:
    """Z ~ q(z | x), ``[batch, *latent]``, with its gradient; a point encoder's are its points.

    Every objective that needs one draw makes this one of its key, so that a sum of objectives makes it once.
    """
    return require_reparameterised("encoder", encode(model, params, x)).sample(key)


def draw_prior(model: LatentModel, params: PyTree, key: Key, num_draws: int) -> Array:
    """Z ~ p(z), ``[batch, *latent]``."""
    return jax.vmap(prior_of(model, params).sample)(jax.random.split(key, num_draws))


def mean_of(part: str, distribution: dist.Distribution) -> Array:
    """The mean ``[batch, *event]``, refused where the distribution knows none."""
    try:
        return distribution.mean
    except NotImplementedError as error:
        raise ValueError(
            f"the {part} returns {type(distribution).__name__}, which has no mean in closed form, and this "
            f"objective is about the mean"
        ) from error


def log_prior(model: LatentModel, params: PyTree, z: Array) -> Array:
    """Log p(z) of ``z [particle, batch, *latent]``, ``[particle, batch]``."""
    return jax.vmap(jax.vmap(prior_of(model, params).log_prob))(z)


def log_likelihood(model: LatentModel, params: PyTree, x: PyTree, z: Array) -> Array:
    """Log p(x | z) of ``z [particle, batch, *latent]``, ``[particle, batch]``, in one call of the decoder."""
    num_particles = z.shape[0]
    likelihood = decode(model, params, z.reshape(-1, *z.shape[2:]))
    require_event("decoder", likelihood, x)
    tiled = jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf[None], (num_particles, *leaf.shape)).reshape(-1, *leaf.shape[1:]),
        x,
    )
    return likelihood.log_prob(tiled).reshape(num_particles, -1)


def sample_and_log_prob(distribution: dist.Distribution, key: Key) -> tuple[Array, Array]:
    """A reparameterised draw ``[batch, *event]`` and its log-probability ``[batch]``.

    What a flow computes on its way to the draw is kept, so that its log-probability inverts nothing.
    """
    z, intermediates = distribution.sample_with_intermediates(key)
    return z, distribution.log_prob(z, intermediates) if intermediates else distribution.log_prob(z)


def log_mean_exp(log_weight: Array) -> Array:
    """Log of the mean over particles, ``[particle, batch] -> [batch]``: each example by itself."""
    return jax.nn.logsumexp(log_weight, axis=0) - jnp.log(log_weight.shape[0])


def ess(log_weight: Array) -> Array:
    """How many of its draws each example has in effect, ``[particle, batch] -> [batch]``, from 1 to all."""
    return jax.vmap(kish_ess, in_axes=1)(log_weight)


def require_density(posterior: dist.Distribution) -> dist.Distribution:
    """The posterior, refused where it is a point or where its draws carry no gradient."""
    if is_point(posterior):
        raise ValueError(
            "the encoder returns a point (Delta), which has no density: its divergence from the prior is "
            "infinite. Use reconstruction, or an encoder that returns e.g. a Normal"
        )
    return require_reparameterised("encoder", posterior)


def is_point(distribution: dist.Distribution) -> bool:
    """Whether it is a ``Delta``, however it is wrapped: it has no density."""
    base = distribution
    while hasattr(base, "base_dist"):
        base = base.base_dist
    return isinstance(base, dist.Delta)


def require_reparameterised(part: str, distribution: dist.Distribution) -> dist.Distribution:
    """The distribution, refused where its draws carry no gradient."""
    if not distribution.has_rsample:
        raise ValueError(
            f"the {part}'s draws must carry a gradient, and those of {type(distribution).__name__} do not: "
            f"use a reparameterised distribution, such as a Normal or a flow"
        )
    return distribution


def require_event(part: str, distribution: dist.Distribution, x: PyTree) -> None:
    """Refuses examples of another shape than those of the distribution."""
    if isinstance(x, jax.Array | np.ndarray) and x.shape[1:] != distribution.event_shape:
        raise ValueError(
            f"the {part}'s examples have shape {distribution.event_shape}: the batch must be "
            f"[batch, *{distribution.event_shape}], got {x.shape}"
        )


def number(name: str, value: Any, *, least: float = 0.0) -> Array:
    """A finite number ``[]``, float, so that 1 and 1.0 are one program; ``-inf`` as the least allows all."""
    if not isinstance(value, jax.core.Tracer) and not (np.isfinite(value) and value >= least):
        raise ValueError(f"{name} must be finite and at least {least:g}; got {value}")
    return jnp.asarray(value, float)


def size(name: str, value: Any) -> int:
    """A whole number, 1 or more, that shapes depend on."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an int, since shapes depend on it; got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1; got {value}")
    return int(value)


def num_examples(batch: PyTree) -> int:
    """The length of the leading axis."""
    return jax.tree.leaves(batch)[0].shape[0]


def per_example(array: Array) -> Array:
    """``[batch, ...] -> [batch, number]``."""
    return array.reshape(array.shape[0], -1)


def distribution_given(
    part: str, conditional: Conditional, params: PyTree, given: PyTree
) -> dist.Distribution:
    """A conditional's distribution ``[batch]``, or a ValueError that says what does not fit."""
    shapes = jax.tree.map(lambda leaf: leaf.shape, given)
    try:
        distribution = conditional(params, given)
    except (TypeError, ValueError, ScopeParamShapeError) as error:
        raise ValueError(
            f"the {part} does not take an input of shape {shapes}; was it made, or were its parameters, for "
            f"another size? It says: {error}"
        ) from error
    if distribution.batch_shape != (num_examples(given),):
        raise ValueError(
            f"the {part} must return one distribution per example, batch_shape {(num_examples(given),)}; got "
            f"batch_shape {distribution.batch_shape} and event_shape {distribution.event_shape} for an input "
            f"of shape {shapes}; use .to_event(n) for the axes of one example"
        )
    return distribution


def versus(model: LatentModel, critic: tuple[Partial, Partial]) -> Game:
    """A model against a critic ``(init, apply)``, with parameters ``{"model", "critic"}``."""
    init, apply = critic
    return Game(Partial(_init_players, model.init, init), model, apply)


def _init_players(model_init: Partial, critic_init: Partial, key: Key) -> dict[str, PyTree]:
    model_key, critic_key = jax.random.split(key)
    return {"model": model_init(model_key), "critic": critic_init(critic_key)}
