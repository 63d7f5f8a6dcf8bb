"""Draw exactly from a target and arrange the draws for comparison."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.monitoring
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.types import DrawKind, Draws, Key, PyTree, Sampler, Target

Make = Callable[[Target, Any], Sampler]
"""``make(target, scale) -> sampler``: aimed at a target, with steps ``scale`` times their usual size."""


def positions(target: Target, num_chains: int) -> PyTree:
    """The target's start, once for each chain."""
    return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (num_chains, *jnp.shape(leaf))), target.start)


def lane(tree: PyTree, index: int | tuple) -> PyTree:
    """One chain of a population, or one draw of a chain."""
    return jax.tree.map(lambda leaf: leaf[index], tree)


def exact_draws(key: Key, target: Target, num_draws: int) -> PyTree:
    """Independent exact draws ``[draw, *event]``."""
    if target.sample is None:
        raise ValueError(f"{target.name} has no exact sampler; this law compares with exact draws")
    return _exact_draws(target.sample, jax.random.split(key, num_draws))


@jax.jit
def _exact_draws(sample: Partial, keys: Key) -> PyTree:
    return jax.vmap(sample)(keys)


def flat_values(draws: Draws) -> np.ndarray:
    """Values of a run as ``[chain, draw, dim]``."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(draws.value)]
    return np.concatenate([leaf.reshape(*leaf.shape[:2], -1) for leaf in leaves], axis=-1)


def by_particle(draws: Draws) -> Draws:
    """The particles of populations one after the other, as if each were a draw; other draws as they are."""
    if draws.kind is not DrawKind.ENSEMBLE:
        return draws
    value, log_weight = jax.tree.map(
        lambda leaf: leaf.reshape(leaf.shape[0], -1, *leaf.shape[3:]), (draws.value, draws.log_weight)
    )
    return replace(draws, value=value, log_weight=log_weight)
