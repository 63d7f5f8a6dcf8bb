"""Sum objectives with weights."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen.objectives.input_checks import check_number
from jgen.objectives.latent_terms import code_length
from jgen.objectives.recipe import Recipe, RecipeInputs
from jgen.objectives.scheduled_objective import Scheduled
from jgen.types import Array, Key, LossAndAux, Objective, PyTree


def weighted(**parts: tuple[float | Array | Callable[[Array], Array], Objective]) -> Partial | Scheduled:
    r"""Return the weighted sum of objectives of one model, :math:`\ell = \sum_p w_p \ell_p`.

    The parts get the same key, so that those that draw a latent of an example draw the same one, and it is
    computed once. The expectation of a sum needs no independence.

    Args:
        **parts: ``name=(weight, objective)``. A weight is a number, of either sign, or an optax schedule, of
            the step of training. An objective may be ``Scheduled`` itself.

    Returns:
        The objective, ``Scheduled`` if a weight or part is. Its ``aux`` has the entries of all parts by
        name; a name that several parts use becomes ``part/name``. So ``bound`` stays ``bound`` where one
        part reports it, unweighted as all of ``aux``.

    Raises:
        TypeError: If a part is not such a pair.
        ValueError: If there is no part, or a weight is not finite.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.objectives import weighted
        >>> def square(params, batch, key):
        ...     return (batch * params**2).mean(), {"square": batch * params**2}
        >>> def line(params, batch, key):
        ...     return (batch * params).mean(), {"line": batch * params}
        >>> objective = weighted(square=(1.0, square), line=(-2.0, line))
        >>> loss, aux = objective(1.0, jnp.ones(3), jax.random.key(0))
        >>> float(loss), sorted(aux)
        (-1.0, ['line', 'square'])
    """
    if not parts:
        raise ValueError("weighted needs at least one part: weighted(name=(weight, objective), ...)")
    weights, objectives = [], []
    for name, part in parts.items():
        if not (isinstance(part, tuple) and len(part) == 2 and callable(part[1])):
            raise TypeError(f"the part {name} must be a pair (weight, objective), got {part!r}")
        weight, objective = part
        if not callable(weight):
            weight = check_number(f"weight of {name}", weight, least=-jnp.inf)
        weights.append(as_partial(weight) if callable(weight) else weight)
        objectives.append(objective if isinstance(objective, Scheduled) else as_partial(objective))
    at = Partial(bind_static(_at, names=tuple(parts)), tuple(weights), tuple(objectives))
    if any(callable(weight) for weight in weights) or any(isinstance(each, Scheduled) for each in objectives):
        return Scheduled(at)
    return at(None)


def _at(weights: tuple, objectives: tuple, step: Any, *, names: tuple[str, ...]) -> Partial:
    return Partial(
        bind_static(_weighted, names=names),
        tuple(weight(step) if callable(weight) else weight for weight in weights),
        tuple(each.at(step) if isinstance(each, Scheduled) else each for each in objectives),
    )


def _weighted(
    weights: tuple, objectives: tuple, params: PyTree, batch: PyTree, key: Key, *, names: tuple[str, ...]
) -> LossAndAux:
    results = [objective(params, batch, key) for objective in objectives]
    loss = sum(weight * loss for weight, (loss, _) in zip(weights, results, strict=True))
    uses = Counter(entry for _, aux in results for entry in aux)
    aux = {
        entry if uses[entry] == 1 else f"{name}/{entry}": value
        for name, (_, aux) in zip(names, results, strict=True)
        for entry, value in aux.items()
    }
    return loss, aux


def recipe(inputs: RecipeInputs) -> Recipe:
    """Return the recipe for the checks: the length of the codes, twice."""
    parts = [Partial(code_length, inputs.model, weight) for weight in (1.0, 2.0)]
    return inputs.recipe(lambda scale: weighted(one=(scale, parts[0]), other=(-0.1 * scale, parts[1])))
