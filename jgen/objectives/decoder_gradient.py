"""Penalise the slope of the decoder at the codes: smooth decoders interpolate well."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.latent_terms import bind_model, decode, draw, mean_of, per_example
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def decoder_gradient(model: LatentModel) -> Partial:
    r"""Return the squared Frobenius norm of the decoder's Jacobian at the codes.

    .. math:: \ell = \frac1n \sum_i \Bigl\|\frac{\partial E[x | z_i]}{\partial z_i}\Bigr\|_F^2
        = \frac1n \sum_i E_u \Bigl\|\frac{\partial E[x | z_i]}{\partial z_i} u\Bigr\|^2,
        \qquad u_j = \pm 1 \text{ at random}

    One random direction for each example makes it unbiased, at the cost of one more pass; it is exact where
    the columns of the Jacobian are orthogonal.

    Args:
        model: With an encoder, of points or of distributions with reparameterised draws, and a decoder that
            has a mean and treats examples separately.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` with ``aux`` of ``decoder_gradient`` ``[batch]``.

    Raises:
        ValueError: When called, if the parts or the batch do not fit, the draws have no gradient, or the
            decoder has no mean.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import decoder_gradient
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(3 * z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Delta(x).to_event(1),
        ... )
        >>> float(decoder_gradient(model)({}, jnp.ones((4, 1)), jax.random.key(0))[0])
        9.0

    Reference:
        Ghosh et al. (2020), From variational to deterministic autoencoders; Hutchinson (1990), A stochastic
        estimator of the trace of the influence matrix.
    """
    return Partial(_decoder_gradient, bind_model(model))


def _decoder_gradient(model: LatentModel, params: PyTree, batch: PyTree, key: Key) -> LossAndAux:
    z = draw(model, params, batch, key)
    direction = jax.random.rademacher(jax.random.fold_in(key, 1), z.shape, z.dtype)
    _, slope = jax.jvp(lambda z: mean_of("decoder", decode(model, params, z)), (z,), (direction,))
    value = jnp.square(per_example(slope)).sum(1)  # [batch]
    return value.mean(), {"decoder_gradient": value}


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks: a nonlinear decoder, as slopes of a linear one do not depend on x."""
    model = inputs.model._replace(decoder=Partial(_nonlinear, as_partial(inputs.model.decoder)))
    return inputs.recipe(lambda _: decoder_gradient(model))


def _nonlinear(decoder: Partial, params: PyTree, z: Array) -> dist.Distribution:
    return decoder(params, jnp.tanh(z))
