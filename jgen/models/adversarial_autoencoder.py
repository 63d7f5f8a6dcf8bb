"""Build adversarial autoencoders."""

from jgen.models.adversarial_model import assemble_adversarial
from jgen.models.assemble import AnyNetwork, examples_of, latent_model
from jgen.models.priors import Prior
from jgen.types import AdversarialModel, PyTree


def adversarial_autoencoder(
    decoder: AnyNetwork,
    encoder: AnyNetwork,
    critic: AnyNetwork,
    latent_dim: int,
    shape: PyTree,
    *,
    prior: Prior | None = None,
) -> AdversarialModel:
    r"""Build an autoencoder and a critic that distinguishes its codes from draws of the prior.

    .. math:: \frac1n \sum_i q_\phi(z \mid x_i) \approx p(z)

    The critic scores latents: draws of the prior are real, codes of the data are generated. Training moves
    the codes as a whole towards the prior, of which only draws are needed, while each code may stay a point.

    Args:
        decoder: As in ``vae``.
        encoder: As in ``vae``; one that returns a ``Delta`` makes each code a point.
        critic: ``z [batch, latent] -> score [batch]``, higher for draws of the prior, as a Linen module or a
            ``Network``.
        latent_dim: Size of the latent.
        shape: Shape of one example, as in ``vae``.
        prior: Target distribution of the codes; standard normal if None.

    Returns:
        Model and critic, with parameters ``{"model": {"prior", "decoder", "encoder"}, "critic": ...}``.

    Raises:
        TypeError: For a part that is no network.
        ValueError: If the parts do not fit: the message names them.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> from jgen.models import Network
        >>> def start(key):
        ...     return {}
        >>> def point(params, x):
        ...     return dist.Delta(x, event_dim=1)
        >>> def score(params, z):
        ...     return z.sum(-1)
        >>> both = Network(start, point)
        >>> pair = adversarial_autoencoder(both, both, Network(start, score), 2, (2,))
        >>> pair.model.encoder(pair.init(jax.random.key(0))["model"], jax.numpy.ones((5, 2))).batch_shape
        (5,)

    Reference:
        Makhzani et al. (2015), "Adversarial autoencoders".
    """
    model = latent_model(decoder, encoder, latent_dim, shape, prior)
    return assemble_adversarial(model, critic, examples_of((latent_dim,)), f"latents [batch, {latent_dim}]")
