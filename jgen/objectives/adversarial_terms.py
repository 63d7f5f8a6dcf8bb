"""What games share: what the model makes, and scores that only one of the players learns from."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.input_checks import require_reparameterised
from jgen.objectives.latent_terms import decode, draw_prior, mean_of, with_parts_bound
from jgen.types import AdversarialModel, Array, Key, PyTree

Output = Callable[[Key, dist.Distribution], Array]
"""``output(key, p(x | z)) -> x [batch, *event]``: what the critic is shown of a decoder's distribution."""


def sampled_output(key: Key, distribution: dist.Distribution) -> Array:
    """A draw, with its gradient: what the model would sample. A ``Delta`` draws its point."""
    return require_reparameterised("decoder", distribution).sample(key)


def mean_output(key: Key, distribution: dist.Distribution) -> Array:
    """The mean: noise of the head is left out, and heads of discrete values have a gradient."""
    del key
    return mean_of("decoder", distribution)


def game_with_parts_bound(game: AdversarialModel) -> AdversarialModel:
    """The game with each of its functions as a ``Partial``."""
    if not isinstance(game, AdversarialModel):
        raise TypeError(f"the objective is one of a Game, a model and its critic, got {type(game).__name__}")
    return AdversarialModel(as_partial(game.init), with_parts_bound(game.model), as_partial(game.critic))


def made(game: AdversarialModel, output: Output, params: PyTree, key: Key, real: Array) -> Array:
    """As many draws of the model as there are real examples, ``[batch, *event]``."""
    z_key, output_key = jax.random.split(key)
    z = draw_prior(game.model, params["model"], z_key, real.shape[0])
    value = output(output_key, decode(game.model, params["model"], z))
    if value.shape != real.shape:
        raise ValueError(
            f"the model makes examples of shape {value.shape[1:]}, the batch's have {real.shape[1:]}"
        )
    return value


def scores(game: AdversarialModel, params: PyTree, real: Array, fake: Array) -> tuple[Array, Array, Array]:
    """Scores ``[batch]`` of what is real, of what is made for the critic to learn from, and for the model.

    The second and third are equal, but no gradient of the second reaches the model, and none of the third the
    critic: their losses can be summed, and each player gets the gradient of its own.
    """
    held = jax.lax.stop_gradient
    return (
        _score(game.critic, params["critic"], real),
        _score(game.critic, params["critic"], held(fake)),
        _score(game.critic, held(params["critic"]), fake),
    )


def _score(critic: Partial, params: PyTree, value: Array) -> Array:
    score = critic(params, value)
    if jnp.shape(score) != value.shape[:1]:
        raise ValueError(
            f"the critic must return one score for each example, {value.shape[:1]}, got {jnp.shape(score)}"
        )
    return score
