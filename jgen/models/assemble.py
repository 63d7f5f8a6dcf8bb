"""Assemble networks of any kind into a model after checking that its parts fit."""

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
"""Rows of the examples that shapes are checked with: a number that is rarely the size of another axis."""


class Network(NamedTuple):
    """Network as two functions, for NNX modules and plain functions.

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


AnyNetwork = nn.Module | Network


def network_of(part: str, network: AnyNetwork, example: PyTree) -> Network:
    """Return any network as two functions.

    Args:
        part: Name of the network in errors.
        network: A Linen module, or a ``Network``.
        example: Input, or its ``jax.ShapeDtypeStruct``.

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
    """Return shapes of a few examples: ``[row, *event]`` float, or the given types with a leading row axis.

    Args:
        shape: Shape of one example: ``(8, 8, 1)`` for a float array, else a ``jax.ShapeDtypeStruct`` or a
            pytree of them, whose float64 is float32 unless x64 is enabled, as in arrays.
    """
    if isinstance(shape, tuple) and all(isinstance(size, int) for size in shape):
        shape = jax.ShapeDtypeStruct(shape, jnp.result_type(float))

    def with_rows(leaf: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((ROWS, *leaf.shape), jax.dtypes.canonicalize_dtype(leaf.dtype))

    return jax.tree.map(with_rows, shape)


def latent_model(
    decoder: AnyNetwork, encoder: AnyNetwork | None, latent_dim: int, shape: PyTree, prior: Prior | None
) -> LatentModel:
    """Assemble a latent-variable model after checking that its parts fit.

    Args:
        decoder: ``z [batch, latent] -> p(x | z)``, as a Linen module or a ``Network``.
        encoder: ``x [batch, *event] -> q(z | x)``; None for none.
        latent_dim: Size of the latent.
        shape: Shape of one example, as in ``examples_of``.
        prior: Prior over ``[latent]``; standard normal if None.

    Returns:
        The model; its parameters are ``{"prior", "decoder", "encoder"}``, ``{}`` where nothing is learned.

    Raises:
        TypeError: For a part that is no network.
        ValueError: If the parts do not fit each other or the examples; the message names them.
    """
    prior = standard_prior(latent_dim) if prior is None else prior
    decoder = network_of("decoder", decoder, examples_of((latent_dim,)))
    encode = None if encoder is None else network_of("encoder", encoder, examples_of(shape))
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
    """Trace every part on shapes and raise for those that do not fit.

    Raises:
        ValueError: As ``latent_model``.
    """
    x, z = examples_of(shape), examples_of((latent_dim,))
    latents, examples = f"latents [batch, {latent_dim}]", f"examples {_shapes(x)}"
    params = trace_shapes("one of the networks", f"{latents} or {examples}", model.init, jax.random.key(0))
    sizes = {"latent_dim": ((), (latent_dim,))}
    sizes["the prior"] = trace_distribution("prior", "the model's parameters", model.prior, params)
    if model.encoder is not None:
        batch, event = trace_distribution("encoder", examples, model.encoder, params, x)
        sizes["the encoder"] = _unbatched("encoder", batch), event
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{part} has {_size(*shapes)}" for part, shapes in sizes.items())
        raise ValueError(f"latent sizes disagree: {listed}; build all parts for one size")
    batch, event = trace_distribution("decoder", latents, model.decoder, params, z)
    _unbatched("decoder", batch)
    if isinstance(x, jax.ShapeDtypeStruct) and event != x.shape[1:]:
        raise ValueError(f"the decoder makes examples of shape {event}, but shape is {x.shape[1:]}")


def trace_shapes(part: str, inputs_name: str, function: Callable[..., Any], *inputs: PyTree) -> Any:
    """Return the shapes of a function's outputs.

    Raises:
        ValueError: If it cannot take such inputs; the message names the part and the inputs.
    """
    try:
        return jax.eval_shape(function, *inputs)
    except Exception as error:
        raise ValueError(f"the {part} cannot take {inputs_name}: {error}") from error


def trace_distribution(
    part: str, inputs_name: str, conditional: Callable[..., Any], *inputs: PyTree
) -> tuple[tuple, tuple]:
    """Return the batch and event shape of the distribution that a function returns."""
    shapes = []

    def record(*inputs: PyTree) -> None:
        distribution = conditional(*inputs)
        if not (hasattr(distribution, "batch_shape") and hasattr(distribution, "event_shape")):
            raise TypeError(f"it must return a NumPyro distribution, not {type(distribution).__name__}")
        shapes.append((tuple(distribution.batch_shape), tuple(distribution.event_shape)))

    trace_shapes(part, inputs_name, record, *inputs)
    return shapes[0]


def _unbatched(part: str, batch: tuple) -> tuple:
    if batch[:1] != (ROWS,) or len(batch) > 1:
        raise ValueError(
            f"the {part} returns a distribution of batch_shape {batch} for {ROWS} rows; batch_shape must be "
            f"(batch,): use .to_event for the axes of one example"
        )
    return ()


def _size(batch: tuple, event: tuple) -> str:
    return str(event[0]) if not batch and len(event) == 1 else f"shape {(*batch, *event)}"


def _shapes(examples: PyTree) -> str:
    shapes = [f"[batch, {', '.join(map(str, leaf.shape[1:]))}]" for leaf in jax.tree.leaves(examples)]
    return " and ".join(shapes)


def _init(prior: Partial, decoder: Partial, encoder: Partial | None, key: Key) -> dict[str, PyTree]:
    prior_key, decoder_key, encoder_key = jax.random.split(key, 3)
    return {
        "prior": prior(prior_key),
        "decoder": decoder(decoder_key),
        "encoder": {} if encoder is None else encoder(encoder_key),
    }


def _prior(distribution: Partial, encoder: Partial | None, params: PyTree) -> Any:
    bound = None if encoder is None else Partial(encoder.func, *encoder.args, params)  # its data stay data
    return distribution(params["prior"], bound)


def _decoder(apply: Partial, params: PyTree, z: PyTree) -> Any:
    return apply(params["decoder"], z)


def _encoder(apply: Partial, params: PyTree, x: PyTree) -> Any:
    return apply(params["encoder"], x)
