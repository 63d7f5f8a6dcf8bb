"""Describe the leaves of a checkpoint: their names, shapes and types, saved beside the arrays."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jgen.types import PyTree

FORMAT = "jgen checkpoint 1"
ARRAYS = (jax.Array, jax.ShapeDtypeStruct, np.ndarray, np.generic, bool, int, float, complex)


def steps(directory: str | Path) -> list[int]:
    """List the steps that can be restored, oldest first; none if the directory is missing."""
    from orbax.checkpoint import utils

    return sorted(utils.checkpoint_steps(directory)) if Path(directory).is_dir() else []


def named_leaves(tree: PyTree) -> dict[str, Any]:
    """Return the leaves by path; raise for leaves that are no arrays."""
    leaves = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree.leaves_with_path(tree)}
    wrong = [name for name, leaf in leaves.items() if not isinstance(leaf, ARRAYS)]
    if wrong or not leaves:
        raise TypeError(f"a checkpoint holds arrays; {', '.join(wrong) or 'the state'} holds none")
    return {name: leaf if hasattr(leaf, "sharding") else np.asarray(leaf) for name, leaf in leaves.items()}


def numbered(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Name non-empty leaves by their index: paths may hold any character, and Orbax rejects empty arrays."""
    return {f"{i:06d}": leaf for i, leaf in enumerate(leaves.values()) if leaf.size}


def described(leaves: Mapping[str, Any]) -> dict[str, str]:
    """Return type and shape of each leaf by path."""
    return {name: f"{leaf.dtype}{list(leaf.shape)}" for name, leaf in leaves.items()}


def rank_value(metric: float) -> float:
    """Return the value that checkpoints are ranked by: the metric, with NaN as infinity."""
    return math.inf if math.isnan(metric) else metric
