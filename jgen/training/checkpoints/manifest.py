"""What saving and restoring share: the names of leaves, and the list of them that lies beside the arrays."""

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
    """The steps that can be restored, oldest first; none where there is no directory."""
    from orbax.checkpoint import utils

    return sorted(utils.checkpoint_steps(directory)) if Path(directory).is_dir() else []


def named_leaves(tree: PyTree) -> dict[str, Any]:
    """Path -> array; what is no array is refused."""
    leaves = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree.leaves_with_path(tree)}
    wrong = [name for name, leaf in leaves.items() if not isinstance(leaf, ARRAYS)]
    if wrong or not leaves:
        raise TypeError(f"a checkpoint holds arrays; {', '.join(wrong) or 'the state'} holds none")
    return {name: leaf if hasattr(leaf, "sharding") else np.asarray(leaf) for name, leaf in leaves.items()}


def numbered(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Named by their place, since names may hold any character; Orbax takes no arrays of size zero."""
    return {f"{i:06d}": leaf for i, leaf in enumerate(leaves.values()) if leaf.size}


def described(leaves: Mapping[str, Any]) -> dict[str, str]:
    """Path -> type and shape."""
    return {name: f"{leaf.dtype}{list(leaf.shape)}" for name, leaf in leaves.items()}


def badness(metric: float) -> float:
    """What checkpoints are ranked by: NaN, which compares with nothing, is as bad as infinity."""
    return math.inf if math.isnan(metric) else metric
