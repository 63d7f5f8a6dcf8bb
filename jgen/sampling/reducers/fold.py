"""Reducers side by side, by name: what a run folds its draws with."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jgen.types import Draws, PyTree, Reducer

Reducers = dict[str, Reducer]
Memories = dict[str, PyTree]


def begin(reducers: Reducers, shapes: Draws, memories: Mapping[str, PyTree] | None) -> Memories:
    """The memories to fold into: those of a run that goes on, or empty ones.

    Args:
        reducers: Folds, by name.
        shapes: Of one step of the population ``[chain, *event]``.
        memories: What the reducers carried; None to begin anew.

    Raises:
        ValueError: If the memories are those of other reducers, or of another number of chains.
    """
    draws = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes) if reducers else None
    empty = {name: reducer.init(draws) for name, reducer in reducers.items()}
    if memories is None:
        return empty
    if memories.keys() != empty.keys():
        raise ValueError(f"memories are of {sorted(memories)}, reducers are {sorted(empty)}: name the same")
    for name, memory in memories.items():
        found, due = (jax.tree.map(jnp.shape, each) for each in (memory, empty[name]))
        if found != due:
            raise ValueError(f"the memory of {name} has shapes {found}; this run needs {due}")
    return dict(memories)


def fold(reducers: Reducers, memories: Memories, draws: Draws) -> Memories:
    """Takes in one step of the population."""
    return {name: reducer.update(memories[name], draws) for name, reducer in reducers.items()}


@jax.jit
def results(reducers: Reducers, memories: Memories) -> dict[str, Any]:
    """What each reducer makes of what it has seen."""
    return {name: reducer.compute(memories[name]) for name, reducer in reducers.items()}
