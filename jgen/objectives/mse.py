"""Minimise the mean squared error of a reconstruction."""

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.dtypes import at_least_float32
from jgen.objectives.latent_terms import bind_model, decoded, mean_of, per_example
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def mse(model: LatentModel) -> Partial:
    r"""Return the squared difference between an example and the decoder's mean, averaged over D numbers.

    .. math:: \ell = \frac1n \sum_i \frac1D \|x_i - E[x | z_i]\|^2, \qquad z_i \sim q(z | x_i)

    It is equivalent to a likelihood: for a Normal head of fixed scale s, ``reconstruction`` is
    :math:`D\,(\ell / 2 s^2 + \log s \sqrt{2 \pi})` nats, so that the weight of this loss determines s.

    Args:
        model: With an encoder, and a decoder whose distribution has a mean.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in squared units of x, with ``aux`` of
        ``squared_error`` ``[batch]``. The key is used where the encoder is not of points.

    Raises:
        ValueError: When called, if the parts or the batch do not fit, or there is no mean.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import mse
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Delta(x / 2).to_event(1),
        ... )
        >>> loss, aux = mse(model)({}, jnp.array([[2.0], [4.0]]), jax.random.key(0))
        >>> float(loss), aux["squared_error"].tolist()
        (2.5, [1.0, 4.0])

    Reference:
        Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks.
    """
    return Partial(_mse, bind_model(model))


def _mse(model: LatentModel, params: PyTree, batch: Array, key: Key) -> LossAndAux:
    mean = mean_of("decoder", decoded(model, params, batch, key))
    error = jnp.square(at_least_float32(batch) - at_least_float32(mean))  # [batch, *event]
    squared_error = per_example(error).mean(1)  # [batch]
    return squared_error.mean(), {"squared_error": squared_error}


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.recipe(lambda _: mse(inputs.model))
