"""Penalise the squared length of the codes of an autoencoder."""

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.dtypes import at_least_float32
from jgen.objectives.latent_terms import bind_model, draw, per_example
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import Key, LatentModel, LossAndAux, PyTree


def latent_l2(model: LatentModel) -> Partial:
    r"""Return half the squared length of the codes, :math:`\ell = \frac1{2n} \sum_i \|z_i\|^2`.

    It is -log N(z; 0, I) up to a constant, in nats. A regularised autoencoder is
    ``weighted(reconstruction=(1.0, reconstruction(model)), latent_l2=(0.1, latent_l2(model)))``, with weight
    decay on its decoder (``optax.adamw``) or ``decoder_gradient``, as else the decoder rescales small codes.

    Args:
        model: With an encoder, of points or of distributions with reparameterised draws. The decoder is not
            called.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` with ``aux`` of ``latent_l2`` ``[batch]``. The key is
        used where the encoder is not of points.

    Raises:
        ValueError: When called, if encoder, prior and batch do not fit, or the draws have no gradient.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import latent_l2
        >>> from jgen.types import LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(2), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Delta(x).to_event(1),
        ... )
        >>> float(latent_l2(model)({}, jnp.array([[3.0, 4.0]]), jax.random.key(0))[0])
        12.5

    Reference:
        Ghosh et al. (2020), From variational to deterministic autoencoders.
    """
    return Partial(_latent_l2, bind_model(model))


def _latent_l2(model: LatentModel, params: PyTree, batch: PyTree, key: Key) -> LossAndAux:
    value = jnp.square(at_least_float32(per_example(draw(model, params, batch, key)))).sum(1) / 2  # [batch]
    return value.mean(), {"latent_l2": value}


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.recipe(lambda _: latent_l2(inputs.model))
