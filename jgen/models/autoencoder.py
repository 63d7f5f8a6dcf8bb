"""Build deterministic autoencoders."""

import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen.models.assemble import AnyNetwork, check_fit, latent_model
from jgen.models.priors import Prior
from jgen.types import LatentModel, PyTree


def autoencoder(
    decoder: AnyNetwork, encoder: AnyNetwork, latent_dim: int, shape: PyTree, *, prior: Prior | None = None
) -> LatentModel:
    r"""Build an autoencoder whose code is a deterministic function of the example.

    .. math:: z = E[q_\phi(z \mid x)], \qquad \hat x = E[p_\theta(x \mid z)]

    The result is a ``LatentModel`` whose encoder returns a ``Delta`` at the code. Training does not move the
    codes towards the prior unless the objective does (WAE, an adversary), so to sample, fit a distribution to
    the codes afterwards and build the same model with it: ``prior=fixed_prior(fitted)``.

    Args:
        decoder: As in ``vae``.
        encoder: As in ``vae``; its mean is the code, so that a point encoder (``Delta``) is unchanged and the
            scale of a Gaussian one is not used.
        latent_dim: Size of the code.
        shape: Shape of one example, as in ``vae``.
        prior: Prior over codes; standard normal if None.

    Returns:
        The model; its parameters are ``{"prior", "decoder", "encoder"}``.

    Raises:
        TypeError: For a part that is no network.
        ValueError: If the parts do not fit, or the encoder's distribution has no mean.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.models import Network
        >>> def nothing(key):
        ...     return {}
        >>> def shifted(params, x):
        ...     return dist.Normal(x + 1.0, jnp.ones_like(x)).to_event(1)
        >>> model = autoencoder(Network(nothing, shifted), Network(nothing, shifted), 2, (2,))
        >>> print(model.encoder({"encoder": {}}, jnp.zeros((1, 2))).sample(jax.random.key(0)))
        [[1. 1.]]

    Reference:
        Ghosh et al. (2020), "From variational to deterministic autoencoders", ICLR.
    """
    model = latent_model(decoder, encoder, latent_dim, shape, prior)
    model = model._replace(encoder=Partial(_point, model.encoder))
    check_fit(model, latent_dim, shape)
    return model


def _point(encoder: Partial, params: PyTree, x: PyTree) -> dist.Distribution:
    return dist.Delta(encoder(params, x).mean, event_dim=1)
