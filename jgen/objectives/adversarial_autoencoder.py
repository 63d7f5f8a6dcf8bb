r"""The adversarial autoencoder: reconstruction, and a critic that tells codes from draws of the prior."""

from collections.abc import Mapping

import jax
from jax.tree_util import Partial

from jgen.objectives.adversarial_terms import game_with_parts_bound, scores
from jgen.objectives.input_checks import number
from jgen.objectives.latent_terms import draw, draw_prior, log_likelihood
from jgen.objectives.recipe import Recipe, Setting, versus
from jgen.types import AdversarialModel, Array, Key, PyTree


def adversarial_autoencoder(game: AdversarialModel, *, weight: float | Array = 1.0) -> Partial:
    r"""Both players' losses as one objective; stop-gradients give each player the gradient of its own.

    .. math:: \ell_{model} = -\frac1n \sum_i \log p(x_i | z_i) - \frac{w}{n} \sum_i \log \sigma(D(z_i))

        \ell_{critic} = -E_{p(z)} \log \sigma(D(z)) - \frac1n \sum_i \log \sigma(-D(z_i))

    with :math:`z_i \sim q(z | x_i)`. The critic judges latents: draws of the prior are real, codes are made.
    Where it can no longer tell, the codes of the data together are distributed as the prior, whatever the
    prior is, so long as it can be sampled.

    Args:
        game: A model with an encoder, of points or of distributions whose draws carry a gradient, and a
            critic of latents that returns logits.
        weight: w, how much being told apart costs the encoder, in nats; 0 or more.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` for ``params = {"model", "critic"}``, in nats, with
        ``aux`` of ``reconstruction`` (log p(x | z)), ``model_loss``, ``critic_loss``, ``real_score`` and
        ``fake_score``, each ``[batch]``.

    Raises:
        TypeError: Where it is no game.
        ValueError: Where the weight is below 0; when called, where parts and batch do not fit, the critic's
            scores are not ``[batch]``, or draws of the encoder carry no gradient.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import adversarial_autoencoder
        >>> from jgen.types import AdversarialModel, LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Normal(z, 1.0).to_event(1),
        ...     encoder=lambda params, x: dist.Delta(x).to_event(1),
        ... )
        >>> game = AdversarialModel(lambda key: params, model, lambda params, z: params * z[:, 0])
        >>> params = {"model": {}, "critic": jnp.zeros(())}
        >>> loss, aux = adversarial_autoencoder(game)(params, jnp.ones((3, 1)), jax.random.key(0))
        >>> [round(float(aux[name][0]), 4) for name in ("critic_loss", "model_loss")]  # it cannot tell
        [1.3863, 1.6121]

    Reference:
        Makhzani et al. (2015), Adversarial autoencoders.
    """
    return Partial(_adversarial_autoencoder, game_with_parts_bound(game), number("weight", weight))


def _adversarial_autoencoder(
    game: AdversarialModel, weight: Array, params: PyTree, batch: PyTree, key: Key
) -> tuple[Array, Mapping[str, Array]]:
    model, own = game.model, params["model"]
    z = draw(model, own, batch, key)
    reconstruction = log_likelihood(model, own, batch, z[None])[0]  # [batch]

    # The prior is what the codes are told from, and no player of this game.
    real = jax.lax.stop_gradient(draw_prior(model, own, jax.random.fold_in(key, 1), z.shape[0]))
    real_score, fake_score, model_score = scores(game, params, real, z)  # [batch]
    critic_loss = jax.nn.softplus(-real_score) + jax.nn.softplus(fake_score)
    model_loss = weight * jax.nn.softplus(-model_score) - reconstruction
    aux = {
        "reconstruction": reconstruction,
        "model_loss": model_loss,
        "critic_loss": critic_loss,
        "real_score": real_score,
        "fake_score": fake_score,
    }
    return (critic_loss + model_loss).mean(), aux


def recipe(setting: Setting) -> Recipe:
    """How the laws make it."""
    codes = jax.eval_shape(
        lambda key: draw(setting.model, setting.model.init(key), setting.batch, key), jax.random.key(0)
    )
    game = versus(setting.model, setting.critic(codes))
    return Recipe(
        make=lambda scale: adversarial_autoencoder(game, weight=scale), init=game.init, batch=setting.batch
    )
