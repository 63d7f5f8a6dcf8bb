"""Maximise the likelihood of reconstructions under the decoder."""

from jax.tree_util import Partial

from jgen.objectives.latent_terms import bind_model, draw, log_likelihood
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Key, LatentModel, LossAndAux, PyTree


def reconstruction(model: LatentModel) -> Partial:
    r"""Return the negative log-likelihood of an example under the decoder, at its latent.

    .. math:: \ell = -\frac1n \sum_i \log p(x_i | z_i), \qquad z_i \sim q(z | x_i)

    With a point encoder it trains an autoencoder, and the decoder's head defines the loss: for a Normal of
    fixed scale it is the squared error (``mse``), for a Bernoulli the cross-entropy (``bce``), both up to a
    constant. It is no bound on log p(x).

    Args:
        model: With an encoder, of points (``Delta``) or of distributions with reparameterised draws.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` in nats per example, with ``aux`` of
        ``reconstruction``, log p(x | z) ``[batch]``. The key is used where the encoder is not of points.

    Raises:
        ValueError: When called, if the parts or the batch do not fit, or the draws have no gradient.

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
        >>> round(float(loss), 4)  # log(2 pi) / 2: exact reconstructions
        0.9189

    Reference:
        Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks.
    """
    return Partial(_reconstruction, bind_model(model))


def _reconstruction(model: LatentModel, params: PyTree, batch: PyTree, key: Key) -> LossAndAux:
    z = draw(model, params, batch, key)  # [batch, *latent]
    log_prob = log_likelihood(model, params, batch, z[None])[0]  # [batch]
    return -log_prob.mean(), {"reconstruction": log_prob}


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.recipe(lambda _: reconstruction(inputs.model))
