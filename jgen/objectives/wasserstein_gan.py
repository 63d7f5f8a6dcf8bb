r"""Wasserstein's game, its critic held to slope 1 by a penalty on its gradient."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.adversarial_terms import Output, game_with_parts_bound, made, sampled_output, scores
from jgen.objectives.input_checks import number
from jgen.objectives.latent_terms import per_example
from jgen.objectives.recipe import Recipe, Setting, versus
from jgen.types import AdversarialModel, Array, Key, PyTree


def wasserstein_gan(
    game: AdversarialModel, *, penalty: float | Array = 10.0, output: Output = sampled_output
) -> Partial:
    r"""Both players' losses as one objective; stop-gradients give each player the gradient of its own.

    .. math:: \ell_{critic} = E_{model} D(x) - E_{data} D(x)
        + \lambda\, E (\|\nabla D(\hat x)\| - 1)^2, \qquad \ell_{model} = -E_{model} D(x)

    with :math:`\hat x` uniform on the line between a real example and a made one. Without its penalty the
    critic's loss is minus the 1-Wasserstein distance, at best. Give the critic several steps for each of the
    model's (``players``).

    Args:
        game: A model, whose encoder is not called, and a critic of examples that returns a potential and
            treats examples apart (no normalisation over the batch).
        penalty: :math:`\lambda`; 0 or more.
        output: What the critic is shown: ``sampled_output``, what the model would sample, or ``mean_output``.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` for ``params = {"model", "critic"}``, with ``aux`` of
        ``model_loss``, ``critic_loss``, ``real_score``, ``fake_score`` and ``slope``, the norm of the
        gradient, each ``[batch]``.

    Raises:
        TypeError: Where it is no game.
        ValueError: Where the penalty is below 0; when called, where parts and batch do not fit, the critic's
            scores are not ``[batch]``, or draws of the decoder carry no gradient.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import wasserstein_gan
        >>> from jgen.types import AdversarialModel, LatentModel
        >>> model = LatentModel(
        ...     init=lambda key: {},
        ...     prior=lambda params: dist.Normal(jnp.zeros(2), 1.0).to_event(1),
        ...     decoder=lambda params, z: dist.Delta(z).to_event(1),
        ...     encoder=None,
        ... )
        >>> game = AdversarialModel(lambda key: params, model, lambda params, x: x @ params)
        >>> params = {"model": {}, "critic": jnp.array([3.0, 4.0])}
        >>> loss, aux = wasserstein_gan(game)(params, jnp.ones((2, 2)), jax.random.key(0))
        >>> aux["slope"].tolist()
        [5.0, 5.0]

    Reference:
        Gulrajani et al. (2017), Improved training of Wasserstein GANs.
    """
    return Partial(
        _wasserstein_gan, as_partial(output), game_with_parts_bound(game), number("penalty", penalty)
    )


def _wasserstein_gan(
    output: Partial, game: AdversarialModel, penalty: Array, params: PyTree, batch: Array, key: Key
) -> tuple[Array, Mapping[str, Array]]:
    fake = made(game, output, params, key, batch)
    real_score, fake_score, model_score = scores(game, params, batch, fake)  # [batch]
    slope = _slope_between(game, params, batch, jax.lax.stop_gradient(fake), jax.random.fold_in(key, 1))
    critic_loss = fake_score - real_score + penalty * jnp.square(slope - 1)
    aux = {
        "model_loss": -model_score,
        "critic_loss": critic_loss,
        "real_score": real_score,
        "fake_score": fake_score,
        "slope": slope,
    }
    return (critic_loss - model_score).mean(), aux


def _slope_between(game: AdversarialModel, params: PyTree, real: Array, fake: Array, key: Key) -> Array:
    """Norm of the critic's gradient in its input, at a point between each pair, ``[batch]``."""
    share = jax.random.uniform(key, (real.shape[0],) + (1,) * (real.ndim - 1), fake.dtype)
    between = share * real + (1 - share) * fake  # [batch, *event]
    slope = jax.grad(lambda x: game.critic(params["critic"], x).sum())(between)
    squared = jnp.square(per_example(slope)).sum(1)  # [batch]
    flat = squared == 0  # where the norm has no derivative; 0 is one of its subgradients
    return jnp.where(flat, 0.0, jnp.sqrt(jnp.where(flat, 1.0, squared)))


def recipe(setting: Setting) -> Recipe:
    """How the laws make it."""
    game = versus(setting.model, setting.critic(setting.batch))
    return Recipe(
        make=lambda scale: wasserstein_gan(game, penalty=scale), init=game.init, batch=setting.batch
    )
