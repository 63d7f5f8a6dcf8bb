"""Build generative adversarial networks."""

from jgen.models.adversarial_model import assemble_adversarial
from jgen.models.assemble import AnyNetwork, examples_of, latent_model
from jgen.models.priors import Prior
from jgen.types import AdversarialModel, PyTree


def gan(
    generator: AnyNetwork, critic: AnyNetwork, latent_dim: int, shape: PyTree, *, prior: Prior | None = None
) -> AdversarialModel:
    r"""Build a generator and a critic that distinguishes its draws from the data.

    .. math:: z \sim p(z), \qquad x \sim p_\theta(x \mid z), \qquad \text{score } = c_\psi(x)

    The loss (non-saturating, Wasserstein) is the objective's choice. The model has no encoder and, for a
    deterministic generator, no density.

    Args:
        generator: ``z [batch, latent] -> p(x | z)``: a decoder whose head is a ``Delta``, or has a scale; as
            a Linen module or a ``Network``. Its draws must have a gradient.
        critic: ``x [batch, *event] -> score [batch]``, higher for real examples, likewise.
        latent_dim: Size of the latent.
        shape: Shape of one example, as in ``vae``.
        prior: Prior of the latent; standard normal if None. Its parameters are trained with the generator's.

    Returns:
        Model and critic, with parameters ``{"model": {"prior", "decoder", "encoder"}, "critic": ...}``.

    Raises:
        TypeError: For a part that is no network.
        ValueError: If the parts do not fit: the message names them.

    Example:
        >>> import jax, flax.linen as nn, numpyro.distributions as dist
        >>> from jgen.models import Network
        >>> def start(key):
        ...     return {}
        >>> def generate(params, z):
        ...     return dist.Delta(z, event_dim=1)
        >>> def score(params, x):
        ...     return x.sum(-1)
        >>> pair = gan(Network(start, generate), Network(start, score), 2, (2,))
        >>> sorted(pair.init(jax.random.key(0)))
        ['critic', 'model']

    Reference:
        Goodfellow et al. (2014), "Generative adversarial nets", NeurIPS.
    """
    model = latent_model(generator, None, latent_dim, shape, prior)
    return assemble_adversarial(model, critic, examples_of(shape), f"examples of shape {shape}")
