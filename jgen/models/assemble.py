"""What the builders share: networks of any make, put together into a model whose parts fit."""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.models.flax_functions import apply_of, init_of
from jgen.models.priors import Prior, standard_prior
from jgen.types import Key, LatentModel, PyTree

ROWS = 3
"""Rows of the examples that shapes are checked with: a number that is unlikely to be a size by chance."""


class Network(NamedTuple):
    """A network that is no Linen module, as two functions: how an NNX module or bare functions come in.

    Attributes:
        init: ``init(key) -> params``.
        apply: ``apply(params, input [batch, ...]) -> output``; for decoders and encoders a ``Conditional``.

    Example:
        >>> import jax.numpy as jnp, numpyro.distributions as dist
        >>> def start(key):
        ...     return {"shift": jnp.zeros(())}
        >>> def shifted(params, z):
        ...     return dist.Normal(z + params["shift"], jnp.ones_like(z)).to_event(1)
        >>> decoder = Network(start, shifted)
    """

    init: Callable[[Key], PyTree]
    apply: Callable[..., Any]


def network_of(part: str, network: nn.Module | Network, example: PyTree) -> Network:
    """Any network as two functions.

    Args:
        part: What it is called in errors.
        network: A Linen module, or a ``Network``.
        example: An input, or its ``jax.ShapeDtypeStruct``.

    Returns:
        Both functions as ``Partial``s.

    Raises:
        TypeError: For anything else.
    """
    if isinstance(network, nn.Module):
        return Network(init_of(network, example), apply_of(network))
    if not isinstance(network, Network):
        raise TypeError(
            f"the {part} must be a Linen module or a Network(init, apply), got {type(network).__name__}: "
            "wrap functions in jgen.models.Network"
        )
    return Network(as_partial(network.init), as_partial(network.apply))


def examples_of(shape: PyTree) -> PyTree:
    """A few examples, as shapes: ``[row, *event]`` float, or the given types with rows in front.

    Args:
        shape: Of one example: ``(8, 8, 1)`` for a float array, else a ``jax.ShapeDtypeStruct`` or a pytree
            of them.
    """
    if isinstance(shape, tuple) and all(isinstance(size, int) for size in shape):
        shape = jax.ShapeDtypeStruct(shape, jnp.result_type(float))
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((ROWS, *leaf.shape), leaf.dtype), shape)


def latent_model(
    decoder: nn.Module | Network,
    encoder: nn.Module | Network | None,
    latent_dim: int,
    shape: PyTree,
    prior: Prior | None = None,
) -> LatentModel:
    """A latent-variable model of parts that were seen to fit together.

    Args:
        decoder: ``z [batch, latent] -> p(x | z)``, as a Linen module or a ``Network``.
        encoder: ``x [batch, *event] -> q(z | x)``; None for none.
        latent_dim: Size of the latent.
        shape: Of one example, as in ``examples_of``.
        prior: Over ``[latent]``; standard normal if None.

    Returns:
        The model; its parameters are ``{"prior", "decoder", "encoder"}``, ``{}`` where nothing is learned.

    Raises:
        TypeError: For a part that is no network.
        ValueError: Where the parts do not fit each other or the examples; it says which part says what.
    """
    prior = standard_prior(latent_dim) if prior is None else prior
    x = examples_of(shape)
    z = jax.ShapeDtypeStruct((ROWS, latent_dim), jnp.result_type(float))
    decoder = network_of("decoder", decoder, z)
    encode = None if encoder is None else network_of("encoder", encoder, x)
    encoder_of = None if encode is None else Partial(_encoder, encode.apply)
    model = LatentModel(
        init=Partial(_init, as_partial(prior.init), decoder.init, None if encode is None else encode.init),
        prior=Partial(_prior, as_partial(prior.distribution), encoder_of),
        decoder=Partial(_decoder, decoder.apply),
        encoder=encoder_of,
    )
    check_fit(model, latent_dim, shape)
    return model


def check_fit(model: LatentModel, latent_dim: int, shape: PyTree) -> None:
    """Traces every part on shapes, at no cost, and names those that do not fit.

    Raises:
        ValueError: As ``latent_model``.
    """
    x = examples_of(shape)
    z = jax.ShapeDtypeStruct((ROWS, latent_dim), jnp.result_type(float))
    latents, examples = f"latents [batch, {latent_dim}]", f"examples {_told(x)}"
    params = traced("one of the networks", f"{latents} or {examples}", model.init, jax.random.key(0))
    said = {"latent_dim": ((), (latent_dim,))}
    said["the prior"] = _law("prior", "the model's parameters", model.prior, params)
    if model.encoder is not None:
        batch, event = _law("encoder", examples, model.encoder, params, x)
        said["the encoder"] = _unbatched("encoder", batch), event
    if len(set(said.values())) > 1:
        told = ", ".join(f"{part} says {_size(*law)}" for part, law in said.items())
        raise ValueError(f"latent sizes disagree: {told}; build all parts for one size")
    batch, event = _law("decoder", latents, model.decoder, params, z)
    _unbatched("decoder", batch)
    if isinstance(x, jax.ShapeDtypeStruct) and event != x.shape[1:]:
        raise ValueError(f"the decoder makes examples of shape {event}, but shape is {x.shape[1:]}")


def traced(part: str, given: str, function: Callable[..., Any], *inputs: PyTree) -> Any:
    """The shapes of what a function returns.

    Raises:
        ValueError: If it cannot take such inputs; it says which part was given what.
    """
    try:
        return jax.eval_shape(function, *inputs)
    except Exception as error:
        raise ValueError(f"the {part} cannot take {given}: {error}") from error


def _law(part: str, given: str, conditional: Partial, *inputs: PyTree) -> tuple[tuple, tuple]:
    """Batch and event shape of what it returns."""
    found = []

    def look(*inputs: PyTree) -> None:
        law = conditional(*inputs)
        if not (hasattr(law, "batch_shape") and hasattr(law, "event_shape")):
            raise TypeError(f"it must return a NumPyro distribution, not {type(law).__name__}")
        found.append((tuple(law.batch_shape), tuple(law.event_shape)))

    traced(part, given, look, *inputs)
    return found[0]


def _unbatched(part: str, batch: tuple) -> tuple:
    if batch[:1] != (ROWS,) or len(batch) > 1:
        raise ValueError(
            f"the {part} returns a distribution of batch_shape {batch} for {ROWS} rows; batch_shape must be "
            f"(batch,): use .to_event for the axes of one example"
        )
    return ()


def _size(batch: tuple, event: tuple) -> str:
    return str(event[0]) if not batch and len(event) == 1 else f"shape {(*batch, *event)}"


def _told(examples: PyTree) -> str:
    told = [f"[batch, {', '.join(map(str, leaf.shape[1:]))}]" for leaf in jax.tree.leaves(examples)]
    return " and ".join(told)


def _init(prior: Partial, decoder: Partial, encoder: Partial | None, key: Key) -> dict[str, PyTree]:
    prior_key, decoder_key, encoder_key = jax.random.split(key, 3)
    return {
        "prior": prior(prior_key),
        "decoder": decoder(decoder_key),
        "encoder": {} if encoder is None else encoder(encoder_key),
    }


def _prior(distribution: Partial, encoder: Partial | None, params: PyTree) -> Any:
    return distribution(params["prior"], None if encoder is None else Partial(encoder, params))


def _decoder(apply: Partial, params: PyTree, z: PyTree) -> Any:
    return apply(params["decoder"], z)


def _encoder(apply: Partial, params: PyTree, x: PyTree) -> Any:
    return apply(params["encoder"], x)
