"""Re-initialise a kernel's state after another kernel moved the position, and count the cost."""

from typing import NamedTuple

import jax

from jgen.samplers.accept import evaluations
from jgen.types import Array, Key, PyTree, Sampler

POSITION_FREE = {"tuning", "persistent"}
"""Fields of a state that do not depend on the position."""


class Reinitialized(NamedTuple):
    """Re-initialised state and its cost.

    Attributes:
        state: As ``init`` makes it, with the previous ``tuning`` and ``persistent`` fields.
        cost: ``num_grads`` and ``num_log_densities``, each ``[]``.
    """

    state: PyTree
    cost: dict[str, Array]


def reinitialize(sampler: Sampler, key: Key, position: PyTree, state: PyTree) -> Reinitialized:
    """Initialise a chain at a new position or for a new target, and keep its tuning.

    Cached values (a log density, a gradient) belong to the old position or the old target, so ``init``
    computes them again. ``tuning``, which warm-up adapted, and ``persistent``, which does not depend on the
    position, are kept.

    Args:
        sampler: A Markov sampler.
        key: Any key.
        position: New position.
        state: Previous state.

    Returns:
        The new state and its cost: one gradient where the state has one, else one log density where it
        has that.

    Raises:
        ValueError: If the sampler was made by ``burn_in``, which would be repeated every time.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import mala
        >>> sampler = mala(lambda x: -0.5 * jnp.sum(x**2), step_size=0.3)
        >>> old = sampler.init(jax.random.key(0), jnp.zeros(1))
        >>> state, cost = reinitialize(sampler, jax.random.key(0), jnp.ones(1), old)
        >>> float(state.gradient[0]), int(cost["num_grads"])
        (-1.0, 1)
    """
    reject_burn_in(sampler)
    initial = sampler.init(key, position)
    combined = jax.tree_util.tree_map_with_path(
        lambda path, new, old: old if POSITION_FREE & set(names(path)) else new, initial, state
    )
    return Reinitialized(combined, cost_of_init(initial))


def cost_of_init(state: PyTree) -> dict[str, Array]:
    """Count the cost of initialising a state: one gradient where it has one, else one log density."""
    last_names = [names(path)[-1:] for path, _ in jax.tree_util.tree_leaves_with_path(state)]
    num_grads = last_names.count(["gradient"])
    return evaluations(num_grads, last_names.count(["log_density"]) - num_grads)


def names(path: tuple) -> list[str]:
    """Return the field names along a path through a pytree."""
    return [str(getattr(entry, "name", "")) for entry in path]


def burn_in_init(sampler: Sampler, num_steps: Array, key: Key, position: PyTree | None) -> PyTree:
    """Initialise and make ``num_steps`` steps, whose draws are discarded."""
    init_key, key = jax.random.split(key)

    def one_step(index: Array, state: PyTree) -> PyTree:
        return sampler.step(jax.random.fold_in(key, index), state)[0]

    return jax.lax.fori_loop(0, num_steps, one_step, sampler.init(init_key, position))


def reject_burn_in(sampler: Sampler) -> None:
    """Raise ValueError for a sampler made by ``burn_in``, where it would be initialised repeatedly."""
    if sampler.init.func is burn_in_init:
        raise ValueError(
            "a sampler made by burn_in is initialised at every step here, so its burn-in would be repeated "
            "each time, uncounted; put it outside, e.g. burn_in(cycle(first, second), num_steps)"
        )
