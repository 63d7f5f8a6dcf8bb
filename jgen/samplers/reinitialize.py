"""Chains that are moved by another hand: how a kernel starts afresh, and what that costs."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgen.types import Array, Key, PyTree, Sampler

KEPT = {"tuning", "persistent"}
"""Fields of a state that belong to no position."""


class Reinitialized(NamedTuple):
    """A kernel put at a position that was not its own doing.

    Attributes:
        state: As ``init`` makes it there, with the ``tuning`` and what was ``persistent`` in it.
        cost: What that spent, ``num_grads`` and ``num_log_densities``, each ``[]``.
    """

    state: PyTree
    cost: dict[str, Array]


def reinitialize(sampler: Sampler, key: Key, position: PyTree, state: PyTree) -> Reinitialized:
    """Puts a chain where something else has moved it, or where its target is now another.

    What a state caches (a log density, a gradient) belongs to the old position or the old target, so it is
    made anew by ``init``; what warm-up learned, ``tuning``, and what does not depend on the position,
    ``persistent``, is kept.

    Args:
        sampler: A Markov sampler.
        key: Any key.
        position: Where the chain stands now.
        state: Where it stood.

    Returns:
        The new state and its cost: one gradient where the state keeps one, else one log density where it
        keeps that.

    Raises:
        ValueError: If the sampler's ``init`` is a burn-in, which would be repeated at every restart.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import mala
        >>> sampler = mala(lambda x: -0.5 * jnp.sum(x**2), step_size=0.3)
        >>> old = sampler.init(jax.random.key(0), jnp.zeros(1))
        >>> state, cost = reinitialize(sampler, jax.random.key(0), jnp.ones(1), old)
        >>> float(state.gradient[0]), int(cost["num_grads"])
        (-1.0, 1)
    """
    refuse_burn_in(sampler)
    fresh = sampler.init(key, position)
    kept = jax.tree_util.tree_map_with_path(
        lambda path, new, old: old if KEPT & set(names(path)) else new, fresh, state
    )
    return Reinitialized(kept, cost_of_init(fresh))


def cost_of_init(state: PyTree) -> dict[str, Array]:
    """What it cost to make this state: one gradient where it keeps one, else one log density."""
    last_names = [names(path)[-1:] for path, _ in jax.tree_util.tree_leaves_with_path(state)]
    num_grads = last_names.count(["gradient"])
    return {
        "num_grads": jnp.int32(num_grads),
        "num_log_densities": jnp.int32(last_names.count(["log_density"]) - num_grads),
    }


def names(path: tuple) -> list[str]:
    """The field names along a path through a pytree."""
    return [str(getattr(entry, "name", "")) for entry in path]


def burn_in_init(sampler: Sampler, num_steps: Array, key: Key, position: PyTree | None) -> PyTree:
    """The state after ``num_steps`` steps, whose draws are thrown away."""
    init_key, key = jax.random.split(key)
    return jax.lax.fori_loop(
        0,
        num_steps,
        lambda index, state: sampler.step(jax.random.fold_in(key, index), state)[0],
        sampler.init(init_key, position),
    )


def refuse_burn_in(sampler: Sampler) -> None:
    """Refuses a sampler that ``burn_in`` made, where it would be started again and again.

    Raises:
        ValueError: If it is one.
    """
    if sampler.init.func is burn_in_init:
        raise ValueError(
            "a sampler made by burn_in is started afresh at every step here, so its burn-in would be made "
            "again each time, uncounted; put it outside, e.g. burn_in(cycle(first, second), num_steps)"
        )
