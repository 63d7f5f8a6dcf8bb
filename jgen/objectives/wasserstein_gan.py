"""Train a generator against a Wasserstein critic with a gradient penalty."""

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.adversarial_terms import Output, bind_both, critic_scores, generate, sampled_output
from jgen.objectives.input_checks import check_number
from jgen.objectives.latent_terms import per_example
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import AdversarialModel, Array, Key, LossAndAux, PyTree


def wasserstein_gan(
    adversarial: AdversarialModel, *, penalty: float | Array = 10.0, output: Output = sampled_output
) -> Partial:
    r"""Return the losses of model and critic as one objective; stop-gradients separate their gradients.

    .. math:: \ell_{critic} = E_{model} D(x) - E_{data} D(x)
        + \lambda\, E (\|\nabla D(\hat x)\| - 1)^2, \qquad \ell_{model} = -E_{model} D(x)

    with :math:`\hat x` uniform on the line between a real and a fake example. Without its penalty the optimal
    critic's loss is minus the 1-Wasserstein distance. Give the critic several steps for each of the model's
    (``jgen.training.adversarial_optimizer``).

    Args:
        adversarial: A model, whose encoder is not called, and a critic of examples that returns a potential
            and treats examples separately (no normalisation over the batch).
        penalty: Weight :math:`\lambda` of the gradient penalty; 0 or more.
        output: Examples that the critic scores: ``sampled_output``, draws as the model would sample them, or
            ``mean_output``, the means of p(x | z).

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` for ``params = {"model", "critic"}``, with ``aux`` of
        ``model_loss``, ``critic_loss``, ``real_score``, ``fake_score`` and ``slope``, the norm of the
        gradient, each ``[batch]``.

    Raises:
        TypeError: If it is no ``AdversarialModel``.
        ValueError: If the penalty is below 0; when called, if parts and batch do not fit, the critic's
            scores are not ``[batch]``, or draws of the decoder have no gradient.

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
        >>> adversarial = AdversarialModel(lambda key: params, model, lambda params, x: x @ params)
        >>> params = {"model": {}, "critic": jnp.array([3.0, 4.0])}
        >>> loss, aux = wasserstein_gan(adversarial)(params, jnp.ones((2, 2)), jax.random.key(0))
        >>> aux["slope"].tolist()
        [5.0, 5.0]

    Reference:
        Gulrajani et al. (2017), Improved training of Wasserstein GANs.
    """
    penalty = check_number("penalty", penalty)
    return Partial(_wasserstein_gan, as_partial(output), bind_both(adversarial), penalty)


def _wasserstein_gan(
    output: Partial, adversarial: AdversarialModel, penalty: Array, params: PyTree, batch: Array, key: Key
) -> LossAndAux:
    fake = generate(adversarial, output, params, key, batch)
    real_score, fake_score, model_score = critic_scores(adversarial, params, batch, fake)  # [batch]
    shape = (batch.shape[0],) + (1,) * (batch.ndim - 1)
    share = jax.random.uniform(jax.random.fold_in(key, 1), shape, fake.dtype)
    between = share * batch + (1 - share) * jax.lax.stop_gradient(fake)  # [batch, *event]
    slope = _slope(Partial(adversarial.critic, params["critic"]), between)  # [batch]
    critic_loss = fake_score - real_score + penalty * jnp.square(slope - 1)
    losses = {"model_loss": -model_score, "critic_loss": critic_loss, "slope": slope}
    return (critic_loss - model_score).mean(), losses | {"real_score": real_score, "fake_score": fake_score}


def _slope(score: Partial, x: Array) -> Array:
    """Compute the norm of the gradient of the scores in x, ``[batch]``."""
    slope = jax.grad(lambda x: score(x).sum())(x)
    squared = jnp.square(per_example(slope)).sum(1)  # [batch]
    flat = squared == 0  # where the norm has no derivative; 0 is one of its subgradients
    return jnp.where(flat, 0.0, jnp.sqrt(jnp.where(flat, 1.0, squared)))


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.adversarial_recipe(
        lambda adversarial, scale: wasserstein_gan(adversarial, penalty=scale), inputs.batch
    )
