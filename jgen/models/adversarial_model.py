"""A model and a critic put together into a game."""

import flax.linen as nn
import jax

from jgen._internal.binding import as_partial
from jgen.models.assemble import Network, network_of, traced
from jgen.objectives.recipe import versus
from jgen.types import AdversarialModel, LatentModel, PyTree


def game(model: LatentModel, critic: nn.Module | Network, values: PyTree, told: str) -> AdversarialModel:
    """The game of a model against a critic that was seen to judge its values.

    Args:
        model: The player that makes.
        critic: ``value [batch, ...] -> score [batch]``, as a Linen module or a ``Network``.
        values: What the critic judges, as shapes ``[batch, ...]``.
        told: What that is, for errors.

    Returns:
        The game; its parameters are ``{"model", "critic"}``.

    Raises:
        TypeError: If the critic is no network.
        ValueError: If it cannot take the values, or does not return one score for each.
    """
    network = network_of("critic", critic, values)
    params = traced("critic", told, network.init, jax.random.key(0))
    score = traced("critic", told, network.apply, params, values)
    rows = jax.tree.leaves(values)[0].shape[:1]
    if getattr(score, "shape", None) != rows:
        raise ValueError(
            f"the critic must return one score for each of {told}, [batch]; for {rows[0]} rows it returns "
            f"{jax.tree.map(lambda leaf: leaf.shape, score)}"
        )
    return versus(model, (as_partial(network.init), as_partial(network.apply)))
