"""Read a model with a latent as densities of one example: where draws start from, and log p(x, z)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.validation import check_positive, innermost
from jgen.distributions.parameters import gather_members, log_prob_of
from jgen.objectives.input_checks import is_point, num_examples, require_event
from jgen.objectives.latent_terms import bind_model, decode, encode, prior_of
from jgen.types import AdversarialModel, Array, Key, LatentModel, PyTree


class DecoderModel(NamedTuple):
    """Latent model whose decoder has a density, with its parameters; a pytree of one floating type.

    Attributes:
        model: Its encoder has a density; None where draws start from the prior.
        params: Its parameters.
    """

    model: LatentModel
    params: PyTree


class Traits(NamedTuple):
    """Facts about a model that no array tells.

    Attributes:
        is_point_head: Whether p(x | z) is a point.
        is_point_encoder: Whether q(z | x) is a point.
        is_discrete: Whether examples are discrete.
        num_dims: Numbers of an example.
        dtype: Type in which log p(x | z) is computed, where everything given to it is of the type wanted.
    """

    is_point_head: bool
    is_point_encoder: bool
    is_discrete: bool
    num_dims: int
    dtype: str


def decoder_model(
    model: LatentModel | AdversarialModel, params: PyTree, observation_noise: float | None, dtype: str
) -> DecoderModel:
    """Return a model of one floating type, with noise about the points of its decoder if it is a generator.

    Raises:
        TypeError: For something else than a model with a latent.
        ValueError: If the noise is not positive and finite.
    """
    if isinstance(model, AdversarialModel):
        model, params = model.model, params["model"]
    model = bind_model(model)
    if observation_noise is not None:
        noise = check_positive("observation_noise", observation_noise)
        model = model._replace(decoder=Partial(noisy_decoder, model.decoder, noise))
    return DecoderModel(*in_dtype((model, params), dtype))


def in_dtype(tree: PyTree, dtype: str) -> PyTree:
    """Convert all floats of a tree to one type."""

    def convert(leaf: Any) -> Any:
        return jnp.asarray(leaf, dtype) if jnp.issubdtype(jnp.result_type(leaf), jnp.floating) else leaf

    return jax.tree.map(convert, tree)


def noisy_decoder(decoder: Partial, noise: Array, params: PyTree, z: PyTree) -> dist.Distribution:
    """Return N(g(z), noise^2 I) ``[batch]`` for a generator g."""
    points = decoder(params, z)
    if not is_point(points):
        raise ValueError(
            f"observation_noise is for decoders that return a point (Delta); this one returns "
            f"{type(innermost(points)).__name__}, which has noise of its own: leave it out"
        )
    mean = points.mean
    return dist.Normal(mean, jnp.broadcast_to(noise, mean.shape)).to_event(points.event_dim)


def traits_of(model: LatentModel, params: PyTree, x: PyTree) -> Traits:
    """Trace encoder and decoder on shapes, and return what they are.

    Raises:
        ValueError: If the parts do not fit each other or the examples.
    """
    noted: list[Traits] = []

    def trace(params: PyTree, x: PyTree) -> None:
        prior = prior_of(model, params)
        if prior.support.is_discrete:
            raise ValueError(
                "the prior is discrete: sum its values out, and give the model as a distribution"
            )
        z = jnp.zeros((1, *prior.event_shape), jnp.result_type(float))
        likelihood = decode(model, params, z)
        require_event("decoder", likelihood, x)
        log_prob = jnp.zeros(()) if is_point(likelihood) else log_prob_of(likelihood, jax.tree.map(_first, x))
        is_point_encoder = model.encoder is not None and is_point(encode(model, params, x))
        num_dims = sum(leaf.size // num_examples(x) for leaf in jax.tree.leaves(x))
        is_discrete = bool(getattr(likelihood.support, "is_discrete", False))
        noted.append(
            Traits(is_point(likelihood), is_point_encoder, is_discrete, num_dims, str(log_prob.dtype))
        )

    jax.eval_shape(trace, params, jax.tree.map(lambda leaf: leaf[:1], x))
    return noted[0]


def _first(leaf: Array) -> Array:
    return leaf[:1]


def unwrapped(distribution: dist.Distribution) -> dist.Distribution:
    """Return the distribution inside axes and copies of it; a transform of one stays what it is."""
    while isinstance(distribution, dist.Independent | dist.ExpandedDistribution):
        distribution = distribution.base_dist
    return distribution


def one(x: PyTree) -> PyTree:
    """Return one example, or latent, as a batch of one."""
    return jax.tree.map(lambda leaf: leaf[None], x)


def start_of(fitted: DecoderModel, x: PyTree) -> dist.Distribution:
    """Return q(z | x) of one example x, without batch axes; the prior where there is no encoder."""
    model, params = fitted
    if model.encoder is None:
        return prior_of(model, params)
    return gather_members(encode(model, params, one(x)), (jnp.zeros((), int),))


def log_joint(fitted: DecoderModel, x: PyTree, z: Array) -> Array:
    """Compute log p(x, z) ``[]`` of one example and one latent."""
    model, params = fitted
    return log_prob_of(prior_of(model, params), z) + log_prob_of(decode(model, params, one(z)), one(x))[0]


def key_of(key: Key, index: int | Array) -> Key:
    """Return the key of an example, or of one of its draws, which no other depends on."""
    return jax.random.fold_in(key, index)


def simulate(fitted: DecoderModel, key: Key) -> tuple[Array, PyTree]:
    """Draw z from the prior and x given z; then z is one exact draw of the posterior given x."""
    model, params = fitted
    latent_key, key = jax.random.split(key)
    z = prior_of(model, params).sample(latent_key)
    return z, jax.tree.map(lambda leaf: leaf[0], decode(model, params, one(z)).sample(key))


Program = Callable[..., Any]


def over_batches(program: Program, x: PyTree, batch_size: int, first_index: int) -> Any:
    """Run ``program(x [batch], index [batch])`` over all examples, and join what it returns on the host.

    The last batch is padded, so that one program serves all.
    """
    total = num_examples(x)
    size, parts = min(batch_size, total), []
    for start in range(0, total, size):
        index = jnp.minimum(jnp.arange(start, start + size), total - 1)
        batch = jax.tree.map(lambda leaf: jnp.asarray(leaf)[index], x)  # noqa: B023
        parts.append(jax.device_get(program(batch, first_index + index)))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[:total], *parts)
