r"""Squared slope of the encoder at the examples: codes that small changes of x leave alone."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.latent_terms import encode, mean_of, per_example, with_parts_bound
from jgen.objectives.recipe import Recipe, Setting
from jgen.types import Array, Key, LatentModel, PyTree


def contractive(model: LatentModel) -> Partial:
    r"""The squared Frobenius norm of the encoder's Jacobian at the examples.

    .. math:: \ell = \frac1n \sum_i \Bigl\|\frac{\partial E[z | x_i]}{\partial x_i}\Bigr\|_F^2
        = \frac1n \sum_i E_v \Bigl\|v^T \frac{\partial E[z | x_i]}{\partial x_i}\Bigr\|^2,
        \qquad v_j = \pm 1 \text{ by chance}

    One random combination of the latents for each example makes it unbiased, for the price of one more pass;
    it is exact where the rows of the Jacobian are orthogonal.

    Args:
        model: With an encoder that has a mean and treats examples apart. The decoder is not called.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` with ``aux`` of ``contractive`` ``[batch]``. The
        batch is one array of floats ``[batch, *event]``.

    Raises:
        ValueError: When called, where encoder, prior and batch do not fit, or the encoder has no mean.

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
    return Partial(_contractive, with_parts_bound(model))


def _contractive(
    model: LatentModel, params: PyTree, batch: Array, key: Key
) -> tuple[Array, Mapping[str, Array]]:
    mean, pull = jax.vjp(lambda x: mean_of("encoder", encode(model, params, x)), batch)
    (slope,) = pull(jax.random.rademacher(key, mean.shape, mean.dtype))  # [batch, *event]
    value = jnp.square(per_example(slope)).sum(1)  # [batch]
    return value.mean(), {"contractive": value}


def recipe(setting: Setting) -> Recipe:
    """How the laws make it: with an encoder that is bent, as slopes of a linear one do not depend on x."""
    assert setting.model.encoder is not None
    model = setting.model._replace(encoder=Partial(_bent, as_partial(setting.model.encoder)))
    return Recipe(
        make=lambda scale: contractive(model),  # noqa: ARG005  (it has no numbers to scale)
        init=model.init,
        batch=setting.batch,
    )


def _bent(encoder: Partial, params: PyTree, x: Array) -> dist.Distribution:
    return encoder(params, jnp.tanh(x))
