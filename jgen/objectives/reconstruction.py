r"""Reconstruction, by the decoder's own likelihood."""

from collections.abc import Mapping

from jax.tree_util import Partial

from jgen.objectives.latent_terms import draw, log_likelihood, with_parts_bound
from jgen.objectives.recipe import Recipe, Setting
from jgen.types import Array, Key, LatentModel, PyTree


def reconstruction(model: LatentModel) -> Partial:
    r"""The negative log-likelihood of an example under the decoder, at its own latent.

    .. math:: \ell = -\frac1n \sum_i \log p(x_i | z_i), \qquad z_i \sim q(z | x_i)

    With a point encoder it trains an autoencoder, and the decoder's head says what an error costs: a Normal
    of a fixed scale makes it the squared error (``mse``), a Bernoulli the cross-entropy (``bce``), both up
    to a constant. It is no bound on log p(x).

    Args:
        model: With an encoder, of points (``Delta``) or of distributions whose draws carry a gradient.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in nats per example, with ``aux`` of
        ``reconstruction``, log p(x | z) ``[batch]``. The key is used where the encoder is not of points.

    Raises:
        ValueError: When called, where the parts or the batch do not fit, or the draws carry no gradient.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import reconstruction
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(2 * z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Delta(x / 2).to_event(1),
        ... )
        >>> loss, aux = reconstruction(model)({}, jnp.ones((3, 1)), jax.random.key(0))
        >>> round(float(loss), 4)  # log(2 pi) / 2: nothing is lost
        0.9189

    Reference:
        Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks.
    """
    return Partial(_reconstruction, with_parts_bound(model))


def _reconstruction(
    model: LatentModel, params: PyTree, batch: PyTree, key: Key
) -> tuple[Array, Mapping[str, Array]]:
    z = draw(model, params, batch, key)  # [batch, *latent]
    log_prob = log_likelihood(model, params, batch, z[None])[0]  # [batch]
    return -log_prob.mean(), {"reconstruction": log_prob}


def recipe(setting: Setting) -> Recipe:
    """How the laws make it."""
    return Recipe(
        make=lambda scale: reconstruction(setting.model),  # noqa: ARG005  (it has no numbers to scale)
        init=setting.model.init,
        batch=setting.batch,
    )
