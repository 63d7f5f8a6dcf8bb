"""Compute the terms of adversarial objectives: generated examples, and scores with separated gradients."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen._internal.binding import as_partial
from jgen.objectives.input_checks import require_reparameterised
from jgen.objectives.latent_terms import bind_model, decode, draw_prior, mean_of
from jgen.types import AdversarialModel, Array, Key, PyTree

Output = Callable[[Key, dist.Distribution], Array]
"""``output(key, p(x | z)) -> x [batch, *event]``: the examples that the critic scores."""


def sampled_output(key: Key, distribution: dist.Distribution) -> Array:
    """Draw reparameterised examples; a ``Delta`` draws its point."""
    return require_reparameterised("decoder", distribution).sample(key)


def mean_output(key: Key, distribution: dist.Distribution) -> Array:
    """Return the mean, without the noise of the head; it has a gradient for discrete heads too."""
    del key
    return mean_of("decoder", distribution)


def bind_both(adversarial: AdversarialModel) -> AdversarialModel:
    """Return an adversarial model, with each function of model and critic as a ``Partial``."""
    if not isinstance(adversarial, AdversarialModel):
        raise TypeError(f"the objective needs an AdversarialModel, got {type(adversarial).__name__}")
    init, model, critic = adversarial
    return AdversarialModel(as_partial(init), bind_model(model), as_partial(critic))


def generate(adversarial: AdversarialModel, output: Output, params: PyTree, key: Key, real: Array) -> Array:
    """Generate as many examples as there are real ones, ``[batch, *event]``."""
    z_key, output_key = jax.random.split(key)
    z = draw_prior(adversarial.model, params["model"], z_key, real.shape[0])
    value = output(output_key, decode(adversarial.model, params["model"], z))
    if value.shape != real.shape:
        raise ValueError(
            f"the model generates examples of shape {value.shape[1:]}, the batch's have {real.shape[1:]}"
        )
    return value


def critic_scores(adversarial: AdversarialModel, params: PyTree, real: Array, fake: Array) -> list[Array]:
    """Compute scores ``[batch]`` of real examples, and of fake ones for the critic's and the model's loss.

    The second and third are equal, but no gradient of the second reaches the model, and none of the third the
    critic: in the sum of their losses each has the gradient of its own loss.
    """
    critic, fixed = params["critic"], jax.lax.stop_gradient
    inputs = ((critic, real), (critic, fixed(fake)), (fixed(critic), fake))
    scores = [adversarial.critic(*each) for each in inputs]
    if wrong := {jnp.shape(score) for score in scores} - {real.shape[:1]}:
        raise ValueError(
            f"the critic must return one score for each example, {real.shape[:1]}, got {wrong.pop()}"
        )
    return scores
