"""Build variational autoencoders."""

from jgen.models.assemble import AnyNetwork, latent_model
from jgen.models.priors import Prior
from jgen.types import LatentModel, PyTree


def vae(
    decoder: AnyNetwork, encoder: AnyNetwork, latent_dim: int, shape: PyTree, *, prior: Prior | None = None
) -> LatentModel:
    r"""Build a variational autoencoder from a decoder, an amortised posterior and a prior.

    .. math:: p(x) = \int p_\theta(x \mid z)\, p_\theta(z)\, dz, \qquad
        q_\phi(z \mid x) \approx p_\theta(z \mid x)

    The objective is a separate choice: ``jgen.objectives`` has the ELBO, tighter bounds and constrained ones,
    which all take this model. Richer posteriors (a flow) are encoders, richer likelihoods are heads of the
    decoder, richer priors are ``prior``.

    Args:
        decoder: ``z [batch, latent] -> p(x | z)``: a Linen module (``jgen.decoders``), or a ``Network`` of
            two functions. It returns a NumPyro distribution of batch_shape ``[batch]`` and the event_shape
            of an example.
        encoder: ``x [batch, *event] -> q(z | x)``, likewise (``jgen.encoders``).
        latent_dim: Size of the latent.
        shape: Shape of one example, ``(8, 8, 1)``; for examples that are not one float array, their
            ``jax.ShapeDtypeStruct``, or a pytree of them.
        prior: ``mixture_prior``, ``vamp_prior``, ``fixed_prior``; standard normal if None.

    Returns:
        The model; its parameters are ``{"prior", "decoder", "encoder"}``.

    Raises:
        TypeError: For a part that is no network.
        ValueError: If the parts do not fit: the message names them.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.models import Network
        >>> def start(key):
        ...     return {"log_scale": jnp.zeros(2)}
        >>> def shifted(params, x):
        ...     return dist.Normal(x, jnp.broadcast_to(jnp.exp(params["log_scale"]), x.shape)).to_event(1)
        >>> model = vae(Network(start, shifted), Network(start, shifted), 2, (2,))
        >>> params = model.init(jax.random.key(0))
        >>> model.encoder(params, jnp.ones((5, 2))).batch_shape
        (5,)
        >>> vae(Network(start, shifted), Network(start, shifted), 3, (2,))
        Traceback (most recent call last):
            ...
        ValueError: latent sizes disagree: latent_dim has 3, the prior has 3, the encoder has 2; ...

    Reference:
        Kingma and Welling (2014), "Auto-encoding variational Bayes", ICLR.
    """
    return latent_model(decoder, encoder, latent_dim, shape, prior)
