r"""The generative adversarial network's game, non-saturating."""

from collections.abc import Mapping

import jax
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.adversarial_terms import Output, game_with_parts_bound, made, sampled_output, scores
from jgen.objectives.recipe import Recipe, Setting, versus
from jgen.types import AdversarialModel, Array, Key, PyTree


def gan(game: AdversarialModel, *, output: Output = sampled_output) -> Partial:
    r"""Both players' losses as one objective; stop-gradients give each player the gradient of its own.

    .. math:: \ell_{critic} = -E_{data} \log \sigma(D(x)) - E_{model} \log \sigma(-D(x)), \qquad
        \ell_{model} = -E_{model} \log \sigma(D(x))

    The best critic is D = log data(x) / model(x), where :math:`\ell_{critic} = 2 \log 2 - 2\,JS`, with the
    Jensen-Shannon divergence of data and model in nats; the model at its best makes both :math:`2 \log 2`
    and :math:`\log 2`. The loss is their sum, which nobody minimises: watch ``aux``.

    One step of ``optax.multi_transform`` trains both (see ``players``, which also lets the critic make
    several steps for each of the model's).

    Args:
        game: A model, whose encoder is not called, and a critic of examples that returns logits.
        output: What the critic is shown: ``sampled_output``, what the model would sample, or ``mean_output``.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` for ``params = {"model", "critic"}``, in nats, with
        ``aux`` of ``model_loss``, ``critic_loss``, ``real_score`` and ``fake_score``, each ``[batch]``.

    Raises:
        TypeError: Where it is no game.
        ValueError: When called, where parts and batch do not fit, the critic's scores are not ``[batch]``, or
            draws of the decoder carry no gradient.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import gan
        >>> from jgen.types import AdversarialModel, LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {"decoder": jnp.zeros(())},
        ...     prior=lambda params: dist.Normal(jnp.zeros(1), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Delta(z + params["decoder"]).to_event(1),
        ...     encoder=None,
        ... )
        >>> game = AdversarialModel(lambda key: params, model, lambda params, x: (params * x)[:, 0])
        >>> params = {"model": {"decoder": jnp.zeros(())}, "critic": jnp.ones(())}
        >>> data = 2 + jax.random.normal(jax.random.key(1), (100, 1))
        >>> gradient, aux = jax.grad(gan(game), has_aux=True)(params, data, jax.random.key(0))
        >>> bool(gradient["model"]["decoder"] < 0)  # the model moves up, to the data
        True

    Reference:
        Goodfellow et al. (2014), Generative adversarial nets.
    """
    return Partial(_gan, as_partial(output), game_with_parts_bound(game))


def _gan(
    output: Partial, game: AdversarialModel, params: PyTree, batch: Array, key: Key
) -> tuple[Array, Mapping[str, Array]]:
    fake = made(game, output, params, key, batch)
    real_score, fake_score, model_score = scores(game, params, batch, fake)  # [batch]
    critic_loss = jax.nn.softplus(-real_score) + jax.nn.softplus(fake_score)
    model_loss = jax.nn.softplus(-model_score)
    aux = {
        "model_loss": model_loss,
        "critic_loss": critic_loss,
        "real_score": real_score,
        "fake_score": fake_score,
    }
    return (critic_loss + model_loss).mean(), aux


def recipe(setting: Setting) -> Recipe:
    """How the laws make it."""
    game = versus(setting.model, setting.critic(setting.batch))
    return Recipe(
        make=lambda scale: gan(game),  # noqa: ARG005  (it has no numbers to scale)
        init=game.init,
        batch=setting.batch,
    )
