"""Restore checkpoints onto any devices."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgen.errors import UsageError
from jgen.training.checkpoints.manifest import FORMAT, described, named_leaves, numbered, rank_value, steps
from jgen.types import PyTree


def restore(directory: str | Path, like: PyTree, *, step: int | None = None) -> PyTree:
    """Restore a saved state, with the structure and the shardings of ``like``.

    Args:
        directory: Directory given to ``save`` or ``writer``.
        like: State of the same structure, shapes and types: freshly initialised, or from
            ``jax.eval_shape``. Arrays are restored to its shardings, whatever number of devices or processes
            they were saved from.
        step: Step of the checkpoint; None for the newest.

    Returns:
        A pytree of new arrays.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        UsageError: If it is not a checkpoint of jgen, is damaged, or does not fit ``like``: the message
            names the arrays and both sides' shapes and types.
    """
    import orbax.checkpoint as ocp

    step, manifest = _manifest(directory, step)
    wanted = {name: _abstract(leaf) for name, leaf in named_leaves(like).items()}
    _compare(manifest["leaves"], described(wanted), Path(directory) / str(step))
    arrays = _read(directory, step, arrays=ocp.args.StandardRestore(numbered(wanted)))
    saved = iter([arrays[number] for number in sorted(arrays)])
    leaves = [next(saved) if leaf.size else jnp.zeros(leaf.shape, leaf.dtype) for leaf in wanted.values()]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def notes(directory: str | Path, *, step: int | None = None) -> Mapping[str, Any]:
    """Return the notes of a checkpoint, the newest if ``step`` is None.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        UsageError: If it is not a checkpoint of jgen, or is damaged.
    """
    return _manifest(directory, step)[1]["notes"]


def best(directory: str | Path) -> int:
    """Return the step of the checkpoint with the smallest metric; ties go to the newest.

    Raises:
        FileNotFoundError: If there is no checkpoint, or none was saved with a metric.
        UsageError: If one is not a checkpoint of jgen, or is damaged.
    """
    metrics = {step: _manifest(directory, step)[1].get("metric") for step in steps(directory)}
    ranked = [(rank_value(metric), -step) for step, metric in metrics.items() if metric is not None]
    if not ranked:
        raise FileNotFoundError(f"no checkpoint with a metric in {directory}: it has steps {list(metrics)}")
    return -min(ranked)[1]


def _manifest(directory: str | Path, step: int | None) -> tuple[int, Mapping[str, Any]]:
    import orbax.checkpoint as ocp

    found = steps(directory)
    if not found or step not in {None, *found}:
        raise FileNotFoundError(
            f"no checkpoint {'' if step is None else f'of step {step} '}in {directory}: "
            + (f"it has steps {found}" if found else "save one first, or check the path")
        )
    step = found[-1] if step is None else step
    manifest = _read(directory, step, manifest=ocp.args.JsonRestore())
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        writer = f"jgen.training.checkpoints ({FORMAT})"
        raise UsageError(f"{Path(directory) / str(step)} was not written by {writer}")
    return step, manifest


def _read(directory: str | Path, step: int, **item: Any) -> Any:
    import orbax.checkpoint as ocp

    path = Path(directory).absolute() / str(step)
    try:
        with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as reader:
            [found] = reader.restore(path, args=ocp.args.Composite(**item)).values()
    except Exception as error:  # a damaged file may raise anything
        raise UsageError(
            f"{path} is damaged, or is not a checkpoint of jgen ({type(error).__name__}); "
            f"the steps in its directory are {steps(directory)}"
        ) from error
    return found


def _abstract(leaf: Any) -> Any:
    """Return shape, type and sharding; unplaced arrays go to the first device, NumPy's stay on the host."""
    if isinstance(leaf, np.ndarray):
        return leaf
    sharding = leaf.sharding or jax.sharding.SingleDeviceSharding(jax.devices()[0])
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)


def _compare(saved: Mapping[str, str], wanted: Mapping[str, str], path: Path) -> None:
    if list(saved.items()) == list(wanted.items()):
        return
    pairs = {name: (saved.get(name, "nothing"), wanted.get(name, "nothing")) for name in {**saved, **wanted}}
    lines = [f"{name or 'the leaf'}: saved {a}, like {b}" for name, (a, b) in pairs.items() if a != b]
    more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
    differences = "; ".join(lines[:5]) or "another order of leaves"
    raise UsageError(f"{path} does not fit `like`: {differences}{more}")
