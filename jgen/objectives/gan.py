"""Train a generator against a critic by the non-saturating losses of generative adversarial networks."""

import jax
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.adversarial_terms import Output, bind_both, critic_scores, generate, sampled_output
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import AdversarialModel, Array, Key, LossAndAux, PyTree


def gan(adversarial: AdversarialModel, *, output: Output = sampled_output) -> Partial:
    r"""Return the losses of model and critic as one objective; stop-gradients separate their gradients.

    .. math:: \ell_{critic} = -E_{data} \log \sigma(D(x)) - E_{model} \log \sigma(-D(x)), \qquad
        \ell_{model} = -E_{model} \log \sigma(D(x))

    The best critic is D = log data(x) / model(x), where :math:`\ell_{critic} = 2 \log 2 - 2\,JS`, with the
    Jensen-Shannon divergence of data and model in nats; the model at its best makes both :math:`2 \log 2`
    and :math:`\log 2`. The loss is their sum, which is not minimised itself: monitor ``aux``.

    ``jgen.training.adversarial_optimizer`` trains both, with several steps of the critic for each of the
    model if wanted.

    Args:
        adversarial: A model, whose encoder is not called, and a critic of examples that returns logits.
        output: Examples that the critic scores: ``sampled_output``, draws as the model would sample them, or
            ``mean_output``, the means of p(x | z).

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` for ``params = {"model", "critic"}``, in nats, with
        ``aux`` of ``model_loss``, ``critic_loss``, ``real_score`` and ``fake_score``, each ``[batch]``.

    Raises:
        TypeError: If it is no ``AdversarialModel``.
        ValueError: When called, if parts and batch do not fit, the critic's scores are not ``[batch]``, or
            draws of the decoder have no gradient.

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
        >>> adversarial = AdversarialModel(lambda key: params, model, lambda params, x: (params * x)[:, 0])
        >>> params = {"model": {"decoder": jnp.zeros(())}, "critic": jnp.ones(())}
        >>> data = 2 + jax.random.normal(jax.random.key(1), (100, 1))
        >>> gradient, aux = jax.grad(gan(adversarial), has_aux=True)(params, data, jax.random.key(0))
        >>> bool(gradient["model"]["decoder"] < 0)  # the model moves up, to the data
        True

    Reference:
        Goodfellow et al. (2014), Generative adversarial nets.
    """
    return Partial(_gan, as_partial(output), bind_both(adversarial))


def _gan(
    output: Partial, adversarial: AdversarialModel, params: PyTree, batch: Array, key: Key
) -> LossAndAux:
    fake = generate(adversarial, output, params, key, batch)
    real_score, fake_score, model_score = critic_scores(adversarial, params, batch, fake)  # [batch]
    critic_loss = jax.nn.softplus(-real_score) + jax.nn.softplus(fake_score)
    model_loss = jax.nn.softplus(-model_score)
    scores = {"real_score": real_score, "fake_score": fake_score}
    return (critic_loss + model_loss).mean(), {"model_loss": model_loss, "critic_loss": critic_loss} | scores


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.adversarial_recipe(lambda adversarial, _: gan(adversarial), inputs.batch)
