"""Train a generator against a Wasserstein critic with a gradient penalty."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.adversarial_terms import (
    Output,
    bind_adversarial_model,
    critic_scores,
    generate,
    sampled_output,
)
from jgen.objectives.input_checks import check_number
from jgen.objectives.latent_terms import per_example
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import AdversarialModel, Array, Key, PyTree


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
    return Partial(
        _wasserstein_gan,
        as_partial(output),
        bind_adversarial_model(adversarial),
        check_number("penalty", penalty),
    )


def _wasserstein_gan(
    output: Partial, adversarial: AdversarialModel, penalty: Array, params: PyTree, batch: Array, key: Key
) -> tuple[Array, Mapping[str, Array]]:
    fake = generate(adversarial, output, params, key, batch)
    real_score, fake_score, model_score = critic_scores(adversarial, params, batch, fake)  # [batch]
    slope = _slope_between(
        adversarial, params, batch, jax.lax.stop_gradient(fake), jax.random.fold_in(key, 1)
    )
    critic_loss = fake_score - real_score + penalty * jnp.square(slope - 1)
    aux = {
        "model_loss": -model_score,
        "critic_loss": critic_loss,
        "real_score": real_score,
        "fake_score": fake_score,
        "slope": slope,
    }
    return (critic_loss - model_score).mean(), aux


def _slope_between(
    adversarial: AdversarialModel, params: PyTree, real: Array, fake: Array, key: Key
) -> Array:
    """Compute the norm of the critic's gradient in its input, at a point between each pair, ``[batch]``."""
    share = jax.random.uniform(key, (real.shape[0],) + (1,) * (real.ndim - 1), fake.dtype)
    between = share * real + (1 - share) * fake  # [batch, *event]
    slope = jax.grad(lambda x: adversarial.critic(params["critic"], x).sum())(between)
    squared = jnp.square(per_example(slope)).sum(1)  # [batch]
    flat = squared == 0  # where the norm has no derivative; 0 is one of its subgradients
    return jnp.where(flat, 0.0, jnp.sqrt(jnp.where(flat, 1.0, squared)))


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    return inputs.adversarial_recipe(
        lambda adversarial, scale: wasserstein_gan(adversarial, penalty=scale), inputs.batch
    )
