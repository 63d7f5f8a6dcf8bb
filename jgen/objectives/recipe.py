"""Describe how an objective is made and checked."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jax.tree_util import Partial

from jgen.objectives.scheduled_objective import Scheduled
from jgen.types import AdversarialModel, Key, LatentModel, Objective, PyTree

Critic = Callable[[PyTree], tuple[Partial, Partial]]
"""``critic(examples [batch, ...]) -> (init, apply)`` of a network that scores such examples."""


class Recipe(NamedTuple):
    """Recipe by which ``jgen.testing.check_objective`` makes an objective, and what it may check of it.

    Attributes:
        make: ``make(scale) -> objective``, its weights and other numbers ``scale`` times as large.
        init: ``init(key) -> params`` of the objective.
        batch: Data for it, ``[batch, ...]`` on every leaf.
        stochastic: Whether the loss depends on the key.
        coupled: Whether ``aux`` of one example depends on the others.
        smallest: Minimal number of examples.
    """

    make: Callable[[float], Objective | Scheduled]
    init: Callable[[Key], PyTree]
    batch: PyTree
    stochastic: bool = True
    coupled: bool = False
    smallest: int = 1


class RecipeInputs(NamedTuple):
    """Model, data and critics from which recipes are made.

    Attributes:
        model: A model with an encoder.
        batch: Data for it, ``[batch, *event]``.
        critic: Makes a critic for examples of a given shape.
    """

    model: LatentModel
    batch: PyTree
    critic: Critic

    def recipe(self, make: Callable[[float], Objective | Scheduled], **fields: Any) -> Recipe:
        """Return the recipe of ``make`` for this model and batch, with other fields where given."""
        return Recipe(make, self.model.init, self.batch)._replace(**fields)

    def adversarial_recipe(
        self, make: Callable[[AdversarialModel, float], Objective], values: PyTree
    ) -> Recipe:
        """Return the recipe of ``make`` for this model against a critic of ``values [batch, ...]``."""
        adversarial = adversarial_model(self.model, self.critic(values))
        return Recipe(lambda scale: make(adversarial, scale), adversarial.init, self.batch)


def adversarial_model(model: LatentModel, critic: tuple[Partial, Partial]) -> AdversarialModel:
    """Return a model and a critic ``(init, apply)``, with parameters ``{"model", "critic"}``."""
    init, apply = critic
    return AdversarialModel(Partial(_init_both, model.init, init), model, apply)


def _init_both(model_init: Partial, critic_init: Partial, key: Key) -> dict[str, PyTree]:
    model_key, critic_key = jax.random.split(key)
    return {"model": model_init(model_key), "critic": critic_init(critic_key)}
