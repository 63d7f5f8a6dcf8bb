"""Checkpoints: any pytree of arrays, saved so that it comes back bit for bit, by Orbax.

A checkpoint is one folder per step, under the directory of the run. It appears whole or not at all: a
process killed while it saves leaves the former ones as they were. It holds arrays and a list of their
names, shapes and types in JSON; nothing in it is code, and nothing is unpickled. Structure is not stored:
``restore`` takes it from ``like``, a state of the same shape made the way the saved one was.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgen.types import PyTree

FORMAT = "jgen checkpoint 1"
ARRAYS = (jax.Array, jax.ShapeDtypeStruct, np.ndarray, np.generic, bool, int, float, complex)


def save(
    directory: str | Path, state: PyTree, *, step: int, notes: Mapping[str, Any] | None = None, keep: int = 3
) -> Path:
    """Saves a state, and returns once it is on the disk.

    Args:
        directory: Where the checkpoints of this run live; made if it is not there.
        state: Any pytree of arrays (typed keys, bfloat16, sharded arrays and numpy arrays among them).
        step: The number this checkpoint goes by; larger than those saved before.
        notes: What else to remember, as JSON.
        keep: How many checkpoints to keep, the newest ones.

    Returns:
        The folder of this checkpoint.

    Raises:
        ValueError: For a step that is not larger than the last one saved, or ``keep`` below 1.
        TypeError: For a state that is empty or has leaves that are not arrays or numbers.

    Example:
        >>> import tempfile, jax, jax.numpy as jnp
        >>> from jgen import checkpoints
        >>> state = {"key": jax.random.key(1), "params": jnp.arange(3.0)}
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     folder = checkpoints.save(directory, state, step=10, notes={"data": "iris"})
        ...     again = checkpoints.restore(directory, like=state)
        ...     checkpoints.steps(directory), checkpoints.notes(directory), again["params"].tolist()
        ([10], {'data': 'iris'}, [0.0, 1.0, 2.0])
    """
    import orbax.checkpoint as ocp

    if keep < 1:
        raise ValueError(f"keep must be at least 1, got {keep}")
    last = max(steps(directory), default=-1)
    if step <= last:
        raise ValueError(
            f"step {step} is not after step {last}, the last one in {directory}: use a new directory"
        )
    leaves = _named_leaves(state)
    manifest = {"format": FORMAT, "leaves": _describe(leaves), "notes": dict(notes or {})}
    options = ocp.CheckpointManagerOptions(max_to_keep=keep)
    with ocp.CheckpointManager(Path(directory).absolute(), options=options) as manager:
        manager.save(
            step,
            args=ocp.args.Composite(
                arrays=ocp.args.StandardSave(_numbered(leaves)), manifest=ocp.args.JsonSave(manifest)
            ),
        )
        manager.wait_until_finished()
    return Path(directory) / str(step)


def restore(directory: str | Path, like: PyTree, *, step: int | None = None) -> PyTree:
    """The state that was saved, with the structure and the shardings of ``like``.

    Args:
        directory: Where ``save`` put it.
        like: A state of the same structure, shapes and types: freshly initialised, or from
            ``jax.eval_shape``. Arrays are restored to its shardings.
        step: Which checkpoint; None for the newest.

    Returns:
        A pytree of fresh arrays.

    Raises:
        FileNotFoundError: Where there is no such checkpoint.
        ValueError: Where it is not a checkpoint of jgen, is damaged, or does not fit ``like``: the message
            names the arrays and both sides' shapes and types.
    """
    import orbax.checkpoint as ocp

    step, manifest = _manifest(directory, step)
    wanted = {name: _abstract(leaf) for name, leaf in _named_leaves(like).items()}
    _compare(manifest["leaves"], _describe(wanted), Path(directory) / str(step))
    arrays = _read(directory, step, arrays=ocp.args.StandardRestore(_numbered(wanted)))
    empty = {name: jnp.zeros(leaf.shape, leaf.dtype) for name, leaf in wanted.items() if not leaf.size}
    found = dict(zip((name for name in wanted if name not in empty), _in_order(arrays), strict=True))
    return jax.tree.unflatten(jax.tree.structure(like), [{**empty, **found}[name] for name in wanted])


def notes(directory: str | Path, *, step: int | None = None) -> Mapping[str, Any]:
    """What was noted with a checkpoint; the newest where ``step`` is None.

    Raises:
        FileNotFoundError: Where there is no such checkpoint.
        ValueError: Where it is not a checkpoint of jgen, or is damaged.
    """
    return _manifest(directory, step)[1]["notes"]


def steps(directory: str | Path) -> list[int]:
    """The steps that can be restored, oldest first; none where there is no directory."""
    from orbax.checkpoint import utils

    return sorted(utils.checkpoint_steps(directory)) if Path(directory).is_dir() else []


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
        raise ValueError(f"{Path(directory) / str(step)} was not written by jgen.checkpoints ({FORMAT})")
    return step, manifest


def _read(directory: str | Path, step: int, **item: Any) -> Any:
    import orbax.checkpoint as ocp

    path = Path(directory).absolute() / str(step)
    try:
        with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as reader:
            [found] = reader.restore(path, args=ocp.args.Composite(**item)).values()
    except Exception as error:  # whatever a broken file makes the reader raise
        raise ValueError(
            f"{path} is damaged, or is not a checkpoint of jgen ({type(error).__name__}); "
            f"the steps in its directory are {steps(directory)}"
        ) from error
    return found


def _named_leaves(tree: PyTree) -> dict[str, Any]:
    leaves = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree.leaves_with_path(tree)}
    wrong = [name for name, leaf in leaves.items() if not isinstance(leaf, ARRAYS)]
    if wrong or not leaves:
        raise TypeError(f"a checkpoint holds arrays; {', '.join(wrong) or 'the state'} holds none")
    return {name: leaf if hasattr(leaf, "sharding") else np.asarray(leaf) for name, leaf in leaves.items()}


def _numbered(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Named by their place, since names may hold any character; Orbax takes no arrays of size zero."""
    return {f"{i:06d}": leaf for i, leaf in enumerate(leaves.values()) if leaf.size}


def _in_order(arrays: Mapping[str, Any]) -> list[Any]:
    return [arrays[number] for number in sorted(arrays)]


def _describe(leaves: Mapping[str, Any]) -> dict[str, str]:
    return {name: f"{leaf.dtype}{list(leaf.shape)}" for name, leaf in leaves.items()}


def _abstract(leaf: Any) -> Any:
    """Shape, type and place. An array not placed goes to the first device; numpy's stay with the host."""
    if isinstance(leaf, np.ndarray):
        return leaf
    sharding = leaf.sharding or jax.sharding.SingleDeviceSharding(jax.devices()[0])
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)


def _compare(saved: Mapping[str, str], wanted: Mapping[str, str], path: Path) -> None:
    if list(saved.items()) == list(wanted.items()):
        return
    names = [name for name in {**saved, **wanted} if saved.get(name) != wanted.get(name)]
    lines = [
        f"{name or 'the leaf'}: saved {saved.get(name, 'nothing')}, like {wanted.get(name, 'nothing')}"
        for name in names
    ]
    more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
    raise ValueError(
        f"{path} does not fit `like`: " + ("; ".join(lines[:5]) or "another order of leaves") + more
    )
