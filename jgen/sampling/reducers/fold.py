"""Reducers side by side, by name: what a run folds its draws with."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jgen.types import Draws, PyTree, Reducer

Reducers = dict[str, Reducer]
Memories = dict[str, PyTree]


def begin(reducers: Reducers, shapes: Draws, reducer_states: Mapping[str, PyTree] | None) -> Memories:
    """The memories to fold into: those of a run that goes on, or empty ones.

    Args:
        reducers: Folds, by name.
        shapes: Of one step of the population ``[chain, *event]``.
        reducer_states: What the reducers carried; None to begin anew.

    Raises:
        ValueError: If the memories are those of other reducers, or of another number of chains.
    """
    draws = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes) if reducers else None
    empty = {name: reducer.init(draws) for name, reducer in reducers.items()}
    if reducer_states is None:
        return empty
    if reducer_states.keys() != empty.keys():
        raise ValueError(
            f"memories are of {sorted(reducer_states)}, reducers are {sorted(empty)}: name the same"
        )
    for name, memory in reducer_states.items():
        found, due = (jax.tree.map(jnp.shape, each) for each in (memory, empty[name]))
        if found != due:
            raise ValueError(f"the memory of {name} has shapes {found}; this run needs {due}")
    return dict(reducer_states)


def fold(reducers: Reducers, reducer_states: Memories, draws: Draws) -> Memories:
    """Takes in one step of the population."""
    return {name: reducer.update(reducer_states[name], draws) for name, reducer in reducers.items()}


@jax.jit
def results(reducers: Reducers, reducer_states: Memories) -> dict[str, Any]:
    """What each reducer makes of what it has seen."""
    return {name: reducer.compute(reducer_states[name]) for name, reducer in reducers.items()}
