"""Update several named reducers with the draws of each step."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jgen._internal.buffers import zeros
from jgen._internal.compiled import jit
from jgen.types import Draws, PyTree, Reducer

Reducers = dict[str, Reducer]
ReducerStates = dict[str, PyTree]


def init_reducers(
    reducers: Reducers, shapes: Draws, reducer_states: Mapping[str, PyTree] | None
) -> ReducerStates:
    """Return the initial states: those of an earlier run, or empty ones.

    Args:
        reducers: Name -> reducer.
        shapes: Draws of one step, or their shapes ``[chain, *event]``.
        reducer_states: Name -> state to continue from; None for empty states.

    Raises:
        ValueError: If the states are those of other reducers, or of another number of chains.
    """
    draws = zeros(shapes) if reducers else None
    empty = {name: reducer.init(draws) for name, reducer in reducers.items()}
    if reducer_states is None:
        return empty
    if reducer_states.keys() != empty.keys():
        raise ValueError(
            f"reducer_states are of {sorted(reducer_states)}, reducers are {sorted(empty)}: name the same"
        )
    for name, state in reducer_states.items():
        found, expected = (jax.tree.map(jnp.shape, tree) for tree in (state, empty[name]))
        if found != expected:
            raise ValueError(f"the state of {name} has shapes {found}; this run needs {expected}")
    return dict(reducer_states)


def fold(reducers: Reducers, reducer_states: ReducerStates, draws: Draws) -> ReducerStates:
    """Add the draws of one step to every reducer's state."""
    return {name: reducer.update(reducer_states[name], draws) for name, reducer in reducers.items()}


@jit
def compute(reducers: Reducers, reducer_states: ReducerStates) -> dict[str, Any]:
    """Compute the result of every reducer."""
    return {name: reducer.compute(reducer_states[name]) for name, reducer in reducers.items()}
