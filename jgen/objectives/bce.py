"""Compute the binary cross-entropy of a reconstruction."""

from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.dtypes import at_least_float32
from jgen._internal.validation import innermost
from jgen.objectives.latent_terms import bind_model, decoded, per_example
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def bce(model: LatentModel) -> Partial:
    r"""Return the cross-entropy between x in [0, 1] and the decoder's probabilities, averaged over D numbers.

    .. math:: \ell = -\frac1{nD} \sum_{i,d} x_{id} \log p_{id} + (1 - x_{id}) \log(1 - p_{id})

    with :math:`p = \sigma(\text{logits})` at :math:`z_i \sim q(z | x_i)`. For x of 0 and 1, D times it is
    ``reconstruction`` with a Bernoulli head, in nats. For grey values it is a loss and no likelihood, since
    its exponential does not integrate to 1; the continuous Bernoulli head is normalised.

    Args:
        model: With an encoder, and a decoder whose distribution has ``logits`` of the shape of x: a Bernoulli
            or a continuous Bernoulli.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in nats per number, with ``aux`` of ``cross_entropy``
        ``[batch]``. The key is used where the encoder is not of points. For a value outside [0, 1], where
        it would be unbounded below, it is NaN, at which training stops.

    Raises:
        ValueError: When called, if the parts or the batch do not fit, or there are no logits.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import bce
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Bernoulli(logits=z).to_event(1),
        ...     encoder=lambda params, x: dist.Delta(jnp.zeros_like(x)).to_event(1),
        ... )
        >>> loss, aux = bce(model)({}, jnp.array([[0.0], [0.3]]), jax.random.key(0))
        >>> round(float(loss), 4)  # log 2, for p = 1/2
        0.6931

    Reference:
        Loaiza-Ganem and Cunningham (2019), The continuous Bernoulli: fixing a pervasive error in variational
        autoencoders.
    """
    return Partial(_bce, bind_model(model))


def _bce(model: LatentModel, params: PyTree, batch: Array, key: Key) -> LossAndAux:
    logits = at_least_float32(_logits_of(decoded(model, params, batch, key), batch.shape))
    error = jax.nn.softplus(logits) - batch * logits  # [batch, *event]
    error = jnp.where((batch >= 0) & (batch <= 1), error, jnp.nan)
    cross_entropy = per_example(error).mean(1)  # [batch]
    return cross_entropy.mean(), {"cross_entropy": cross_entropy}


def _logits_of(likelihood: Any, shape: tuple[int, ...]) -> Array:
    base = innermost(likelihood)
    logits = getattr(base, "logits", None)
    if logits is None or logits.shape != shape:
        described = "none" if logits is None else f"logits of shape {logits.shape}"
        raise ValueError(
            f"bce needs a decoder with one logit for each number, such as a Bernoulli head; "
            f"{type(base).__name__} has {described} for examples of shape {shape}: use reconstruction, or mse"
        )
    return logits


def _as_bernoulli(decoder: Partial, params: PyTree, z: Array) -> dist.Distribution:
    mean = decoder(params, z).mean
    return dist.Bernoulli(logits=mean).to_event(mean.ndim - 1)


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks: with Bernoullis whose logits are the decoder's mean."""
    decoder = Partial(_as_bernoulli, as_partial(inputs.model.decoder))
    batch = jax.tree.map(jax.nn.sigmoid, inputs.batch)
    return inputs.recipe(lambda _: bce(inputs.model._replace(decoder=decoder)), batch=batch)
