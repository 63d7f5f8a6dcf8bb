"""Minimise the distance between the features of an example and of its reconstruction."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.latent_terms import bind_model, decoded, mean_of, per_example
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def perceptual(model: LatentModel, features: Callable[[Array], PyTree]) -> Partial:
    r"""Return the squared difference of features between example and decoder's mean, summed over layers.

    .. math:: \ell = \frac1n \sum_i \sum_l \frac1{D_l} \|f_l(x_i) - f_l(E[x | z_i])\|^2,
        \qquad z_i \sim q(z | x_i)

    The features are fixed: their parameters are data bound to ``features``, and only the model is trained.
    Differences without effect on the features are not penalised, so add a small weight of ``reconstruction``
    or ``mse`` by ``weighted``.

    Args:
        model: With an encoder, and a decoder whose distribution has a mean.
        features: ``features(x [batch, *event]) -> pytree of [batch, ...]``, one leaf a layer: a ``Partial``
            of a module-level function with its parameters bound.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in squared units of the features, with ``aux`` of
        ``perceptual`` ``[batch]``. The key is used where the encoder is not of points.

    Raises:
        TypeError: If ``features`` is not a function.
        ValueError: When called, if the parts or the batch do not fit, there is no mean, or the features
            lack the batch axis.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import perceptual
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(-z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Delta(x).to_event(1),
        ... )
        >>> objective = perceptual(model, jnp.abs)  # which ignores the sign
        >>> float(objective({}, jnp.ones((4, 1)), jax.random.key(0))[0])
        0.0

    Reference:
        Johnson, Alahi and Fei-Fei (2016), Perceptual losses for real-time style transfer and
        super-resolution.
    """
    if not callable(features):
        raise TypeError(f"features must be a function x -> pytree of [batch, ...], got {features!r}")
    return Partial(_perceptual, as_partial(features), bind_model(model))


def _perceptual(features: Partial, model: LatentModel, params: PyTree, batch: Array, key: Key) -> LossAndAux:
    mean = mean_of("decoder", decoded(model, params, batch, key))
    pairs = jax.tree.map(_difference, features(batch), features(mean))
    value = jnp.stack(jax.tree.leaves(pairs)).sum(0)  # [batch]
    if value.shape != batch.shape[:1]:
        raise ValueError(f"features must keep the batch axis, {batch.shape[0]} here, got {value.shape[0]}")
    return value.mean(), {"perceptual": value}


def _difference(real: Array, decoded: Array) -> Array:
    return jnp.square(per_example(real - decoded)).mean(1)  # [batch]


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks: features of two layers."""
    return inputs.recipe(lambda scale: perceptual(inputs.model, Partial(_two_layers, jnp.asarray(scale))))


def _two_layers(scale: Array, x: Array) -> dict[str, Array]:
    return {"first": scale * x, "second": jnp.tanh(x)}
