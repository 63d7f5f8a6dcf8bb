"""Describe how an objective is made and checked."""

from collections.abc import Callable
from typing import NamedTuple

import jax
from jax.tree_util import Partial

from jgen.objectives.scheduled_objective import Scheduled
from jgen.types import AdversarialModel, Key, LatentModel, Objective, PyTree

Critic = Callable[[PyTree], tuple[Partial, Partial]]
"""``critic(examples [batch, ...]) -> (init, apply)`` of a network that scores such examples."""


class Setting(NamedTuple):
    """What a recipe may make its objective of.

    Attributes:
        model: A model with an encoder.
        batch: Data for it, ``[batch, *event]``.
        critic: Makes a critic for examples of a given shape.
    """

    model: LatentModel
    batch: PyTree
    critic: Critic


class Recipe(NamedTuple):
    """How the laws (``jgen.testing.check_objective``) make an objective, and what they may ask of it.

    Attributes:
        make: ``make(scale) -> objective``, its weights and other numbers ``scale`` times as large.
        init: ``init(key) -> params`` of what it trains.
        batch: Data for it, ``[batch, ...]`` on every leaf.
        stochastic: Whether the loss depends on the key.
        coupled: Whether what ``aux`` says of one example depends on the others.
        smallest: The least number of examples it is defined for.
    """

    make: Callable[[float], Objective | Scheduled]
    init: Callable[[Key], PyTree]
    batch: PyTree
    stochastic: bool = True
    coupled: bool = False
    smallest: int = 1


def versus(model: LatentModel, critic: tuple[Partial, Partial]) -> AdversarialModel:
    """A model against a critic ``(init, apply)``, with parameters ``{"model", "critic"}``."""
    init, apply = critic
    return AdversarialModel(Partial(_init_players, model.init, init), model, apply)


def _init_players(model_init: Partial, critic_init: Partial, key: Key) -> dict[str, PyTree]:
    model_key, critic_key = jax.random.split(key)
    return {"model": model_init(model_key), "critic": critic_init(critic_key)}
