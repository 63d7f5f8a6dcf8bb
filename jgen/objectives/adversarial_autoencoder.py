"""Train an autoencoder against a critic that compares codes with draws of the prior."""

import jax
from jax.tree_util import Partial

from jgen.objectives.adversarial_terms import bind_both, critic_scores
from jgen.objectives.input_checks import check_number
from jgen.objectives.latent_terms import draw, draw_prior, log_likelihood
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.types import AdversarialModel, Array, Key, LossAndAux, PyTree


def adversarial_autoencoder(adversarial: AdversarialModel, *, weight: float | Array = 1.0) -> Partial:
    r"""Return the losses of model and critic as one objective; stop-gradients separate their gradients.

    .. math:: \ell_{model} = -\frac1n \sum_i \log p(x_i | z_i) - \frac{w}{n} \sum_i \log \sigma(D(z_i))

        \ell_{critic} = -E_{p(z)} \log \sigma(D(z)) - \frac1n \sum_i \log \sigma(-D(z_i))

    with :math:`z_i \sim q(z | x_i)`. The critic scores latents: draws of the prior are real, codes are fake.
    At its equilibrium the codes of the data are jointly distributed as the prior, which need only be sampled.

    Args:
        adversarial: A model with an encoder, of points or of distributions with reparameterised draws, and
            a critic of latents that returns logits.
        weight: Weight w of the critic in the loss of the model, in nats; 0 or more.

    Returns:
        ``objective(params, batch, key) -> (loss, aux)`` for ``params = {"model", "critic"}``, in nats, with
        ``aux`` of ``reconstruction`` (log p(x | z)), ``model_loss``, ``critic_loss``, ``real_score`` and
        ``fake_score``, each ``[batch]``.

    Raises:
        TypeError: If it is no ``AdversarialModel``.
        ValueError: If the weight is below 0; when called, if parts and batch do not fit, the critic's
            scores are not ``[batch]``, or draws of the encoder have no gradient.

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
        >>> adversarial = AdversarialModel(lambda key: params, model, lambda params, z: params * z[:, 0])
        >>> params = {"model": {}, "critic": jnp.zeros(())}
        >>> loss, aux = adversarial_autoencoder(adversarial)(params, jnp.ones((3, 1)), jax.random.key(0))
        >>> [round(float(aux[name][0]), 4) for name in ("critic_loss", "model_loss")]  # of a constant critic
        [1.3863, 1.6121]

    Reference:
        Makhzani et al. (2015), Adversarial autoencoders.
    """
    return Partial(_adversarial_autoencoder, bind_both(adversarial), check_number("weight", weight))


def _adversarial_autoencoder(
    adversarial: AdversarialModel, weight: Array, params: PyTree, batch: PyTree, key: Key
) -> LossAndAux:
    model, model_params = adversarial.model, params["model"]
    z = draw(model, model_params, batch, key)
    reconstruction = log_likelihood(model, model_params, batch, z[None])[0]  # [batch]

    # The prior is not trained.
    real = jax.lax.stop_gradient(draw_prior(model, model_params, jax.random.fold_in(key, 1), z.shape[0]))
    real_score, fake_score, model_score = critic_scores(adversarial, params, real, z)  # [batch]
    critic_loss = jax.nn.softplus(-real_score) + jax.nn.softplus(fake_score)
    model_loss = weight * jax.nn.softplus(-model_score) - reconstruction
    losses = {"reconstruction": reconstruction, "model_loss": model_loss, "critic_loss": critic_loss}
    return (critic_loss + model_loss).mean(), losses | {"real_score": real_score, "fake_score": fake_score}


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks."""
    codes = jax.eval_shape(
        lambda key: draw(inputs.model, inputs.model.init(key), inputs.batch, key), jax.random.key(0)
    )
    return inputs.adversarial_recipe(
        lambda adversarial, scale: adversarial_autoencoder(adversarial, weight=scale), codes
    )
