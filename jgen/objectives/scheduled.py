"""Change the numbers of an objective during training."""

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.objectives.latent_terms import code_length
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.objectives.scheduled_objective import Scheduled
from jgen.types import Array, LatentModel, Objective


def scheduled(make: Callable[..., Objective], **schedules: Callable[[Array], Array]) -> Scheduled:
    """Return the objective ``make(**values)`` with each value from its schedule, at the step of training.

    ``scheduled(Partial(elbo, model), beta=optax.linear_schedule(0.0, 1.0, 10_000))`` warms a model up, and
    ``capacity=...`` lets its divergence grow. ``make_train_step`` takes it like any objective.

    Args:
        make: A factory of objectives that takes the scheduled numbers by keyword, with all else bound: data
            as ``Partial(elbo, model)``, sizes as ``Partial(bind_static(renyi, num_particles=8), model)``
            (``jgen.samplers.bind_static``).
        **schedules: ``option=schedule``, with ``schedule(step []) -> value []`` an optax schedule or any
            ``Partial``. Each call of an optax schedule's factory makes a new function, so make it once
            where recompiling matters.

    Returns:
        The scheduled objective; called without a step, it is that of the last step.

    Raises:
        TypeError: If ``make`` or a schedule is not a function.
        ValueError: If there is no schedule.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from jax.tree_util import Partial
        >>> def scaled(scale):
        ...     return Partial(scaled_loss, scale)
        >>> def scaled_loss(scale, params, batch, key):
        ...     return scale * params, {}
        >>> objective = scheduled(scaled, scale=optax.linear_schedule(0.0, 1.0, 100))
        >>> [float(objective.at(step)(3.0, None, None)[0]) for step in (0, 50, 1000)]
        [0.0, 1.5, 3.0]

    Reference:
        Bowman et al. (2016), Generating sentences from a continuous space.
    """
    if not schedules:
        raise ValueError("scheduled needs at least one schedule: scheduled(make, option=schedule, ...)")
    for name, function in {"make": make, **schedules}.items():
        if not callable(function):
            raise TypeError(f"{name} must be a function, got {function!r}: bind a number that stays to make")
    functions = {name: as_partial(each) for name, each in schedules.items()}
    return Scheduled(Partial(_at, as_partial(make), functions))


def _at(make: Partial, schedules: Mapping[str, Any], step: Array) -> Objective:
    return make(**{name: schedule(step) for name, schedule in schedules.items()})


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks: the length of codes, times a number that grows."""
    return inputs.recipe(
        lambda scale: scheduled(Partial(_length, inputs.model), weight=Partial(_saturating, scale))
    )


def _saturating(scale: Array, step: Array) -> Array:
    return scale * jnp.minimum(step / 100.0, 1.0)


def _length(model: LatentModel, *, weight: Array) -> Partial:
    return Partial(code_length, model, weight)
