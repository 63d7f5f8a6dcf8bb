"""Penalise the slope of the encoder at the examples."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.latent_terms import bind_model, encode, mean_of, per_example
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Array, Key, LatentModel, LossAndAux, PyTree


def contractive(model: LatentModel) -> Partial:
    r"""Return the squared Frobenius norm of the encoder's Jacobian at the examples.

    .. math:: \ell = \frac1n \sum_i \Bigl\|\frac{\partial E[z | x_i]}{\partial x_i}\Bigr\|_F^2
        = \frac1n \sum_i E_v \Bigl\|v^T \frac{\partial E[z | x_i]}{\partial x_i}\Bigr\|^2,
        \qquad v_j = \pm 1 \text{ at random}

    One random combination of the latents for each example makes it unbiased, at the cost of one more pass; it
    is exact where the rows of the Jacobian are orthogonal.

    Args:
        model: With an encoder that has a mean and treats examples separately. The decoder is not called.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` with ``aux`` of ``contractive`` ``[batch]``. The
        batch is one array of floats ``[batch, *event]``.

    Raises:
        ValueError: When called, if encoder, prior and batch do not fit, or the encoder has no mean.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import contractive
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Delta(x / 2).to_event(1),
        ... )
        >>> float(contractive(model)({}, jnp.ones((4, 1)), jax.random.key(0))[0])
        0.25

    Reference:
        Rifai et al. (2011), Contractive auto-encoders; Hutchinson (1990), A stochastic estimator of the trace
        of the influence matrix.
    """
    return Partial(_contractive, bind_model(model))


def _contractive(model: LatentModel, params: PyTree, batch: Array, key: Key) -> LossAndAux:
    mean, vjp = jax.vjp(lambda x: mean_of("encoder", encode(model, params, x)), batch)
    (slope,) = vjp(jax.random.rademacher(key, mean.shape, mean.dtype))  # [batch, *event]
    value = jnp.square(per_example(slope)).sum(1)  # [batch]
    return value.mean(), {"contractive": value}


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks: a nonlinear encoder, as slopes of a linear one do not depend on x."""
    assert inputs.model.encoder is not None
    model = inputs.model._replace(encoder=Partial(_nonlinear, as_partial(inputs.model.encoder)))
    return inputs.recipe(lambda _: contractive(model))


def _nonlinear(encoder: Partial, params: PyTree, x: Array) -> dist.Distribution:
    return encoder(params, jnp.tanh(x))
