"""Draw exactly from a target and arrange the draws for comparison."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen._internal.compiled import jit
from jgen._internal.trees import flatten_event
from jgen.types import Draws, Key, PyTree, Sampler, Target

Make = Callable[[Target, Any], Sampler]
"""``make(target, scale) -> sampler`` of a target, with steps ``scale`` times their usual size."""


def positions(target: Target, num_chains: int) -> PyTree:
    """Repeat the target's start for each chain."""
    return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (num_chains, *jnp.shape(leaf))), target.start)


def select_index(tree: PyTree, index: int | tuple) -> PyTree:
    """Select one chain of many, or one draw of a chain."""
    return jax.tree.map(lambda leaf: leaf[index], tree)


def exact_draws(key: Key, target: Target, num_draws: int) -> PyTree:
    """Draw exactly and independently ``[draw, *event]``."""
    if target.sample is None:
        raise ValueError(f"{target.name} has no exact sampler; this check compares with exact draws")
    return _exact_draws(target.sample, jax.random.split(key, num_draws))


@jit
def _exact_draws(sample: Partial, keys: Key) -> PyTree:
    return jax.vmap(sample)(keys)


def flat_values(draws: Draws) -> np.ndarray:
    """Flatten the values of a run to ``[chain, draw, dim]``."""
    return flatten_event(draws.value, 2)
