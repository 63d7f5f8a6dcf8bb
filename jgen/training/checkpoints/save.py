"""Save checkpoints, one at a time or along a run."""

import contextlib
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jax

from jgen.training.checkpoints.manifest import FORMAT, described, named_leaves, numbered, rank_value, steps
from jgen.types import PyTree

REMOVED = ".jgen-removed"
"""Subfolder that a checkpoint is moved to before deletion, so that a half-deleted one is never listed."""


def save(
    directory: str | Path,
    state: PyTree,
    *,
    step: int,
    notes: Mapping[str, Any] | None = None,
    keep_last: int = 3,
) -> Path:
    """Save a state, and return once it is on disk.

    Args:
        directory: Directory of the run's checkpoints; created if missing.
        state: Any pytree of arrays (typed keys, bfloat16, sharded arrays and numpy arrays among them).
        step: Number of the checkpoint; larger than those saved before.
        notes: Further values to store, as JSON.
        keep_last: Number of newest checkpoints to keep.

    Returns:
        The folder of this checkpoint.

    Raises:
        ValueError: For a step that is not larger than the last one saved, or ``keep_last`` below 1.
        TypeError: For a state that is empty or has leaves that are not arrays or numbers.
        OSError: If it cannot be written, on a full disk for one; earlier checkpoints remain.

    Example:
        >>> import tempfile, jax, jax.numpy as jnp
        >>> from jgen.training import checkpoints
        >>> state = {"key": jax.random.key(1), "params": jnp.arange(3.0)}
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     folder = checkpoints.save(directory, state, step=10, notes={"data": "iris"})
        ...     again = checkpoints.restore(directory, like=state)
        ...     checkpoints.steps(directory), checkpoints.notes(directory), again["params"].tolist()
        ([10], {'data': 'iris'}, [0.0, 1.0, 2.0])
    """
    with writer(directory, keep_last=keep_last) as write:
        write(state, step=step, notes=notes)
    return Path(directory) / str(step)


@contextlib.contextmanager
def writer(directory: str | Path, *, keep_last: int = 3, keep_best: int = 0) -> Iterator[Callable[..., None]]:
    """Save along a run, in the background.

    Inside, ``save(state, step=..., notes=None, metric=None)`` copies the state and returns while it is being
    written; the state may be donated at once. It is saved when the next call returns or the block is left:
    both wait, delete checkpoints that are no longer kept, and raise if deleting or writing failed. Files that
    an earlier process left half written or half deleted are removed. Use one writer per directory.

    Args:
        directory: Directory of the run's checkpoints; created if missing.
        keep_last: Number of newest checkpoints to keep.
        keep_best: Number of checkpoints with the smallest metrics to keep besides.

    Yields:
        ``save``; its arguments are those of ``jgen.training.checkpoints.save``, and ``metric``, a number
        that is better when smaller (NaN is worst).

    Raises:
        ValueError: For ``keep_last`` below 1 or ``keep_best`` below 0; from ``save``, as above.
        TypeError: From ``save``, as above.
        OSError: If a checkpoint cannot be written; earlier ones remain.

    Example:
        >>> import tempfile, jax.numpy as jnp
        >>> from jgen.training import checkpoints
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     with checkpoints.writer(directory, keep_last=1, keep_best=1) as save:
        ...         for step, loss in enumerate([3.0, 1.0, 2.0, 4.0]):
        ...             save({"params": jnp.full(2, loss)}, step=step, metric=loss)
        ...     checkpoints.steps(directory), checkpoints.best(directory)
        ([1, 3], 1)
    """
    if keep_last < 1 or keep_best < 0:
        raise ValueError(f"need keep_last >= 1 and keep_best >= 0, got {keep_last} and {keep_best}")
    saving = _Writer(Path(directory).absolute(), keep_last, keep_best)
    with contextlib.closing(saving.manager):
        try:
            yield saving.save
        finally:
            saving.wait()


class _Writer:
    """Orbax's checkpoint manager, with errors that name the step being saved."""

    def __init__(self, directory: Path, keep_last: int, keep_best: int):
        import orbax.checkpoint as ocp

        policies = ocp.checkpoint_managers
        best = policies.BestN(get_metric_fn=_metric, reverse=True, n=keep_best)
        self.directory, self.busy_with = directory, "checkpoints"
        with self._failures_in_one_line():
            directory.mkdir(parents=True, exist_ok=True)
            self._empty_removed()
            options = ocp.CheckpointManagerOptions(
                preservation_policy=policies.AnyPreservationPolicy([policies.LatestN(keep_last), best]),
                best_fn=_metric,  # else it ignores the metrics saved by an earlier process
                cleanup_tmp_directories=True,
                todelete_subdir=REMOVED,
            )
            self.manager = ocp.CheckpointManager(directory, options=options)

    def save(
        self, state: PyTree, *, step: int, notes: Mapping[str, Any] | None = None, metric: float | None = None
    ) -> None:
        import orbax.checkpoint as ocp

        self.wait()
        last = max(steps(self.directory), default=-1)
        if step <= last:
            raise ValueError(
                f"step {step} is not after step {last}, the last one in {self.directory}: use a new directory"
            )
        leaves = named_leaves(state)
        metric = None if metric is None else float(metric)
        fields = {"leaves": described(leaves), "notes": dict(notes or {}), "metric": metric}
        manifest = ocp.args.JsonSave({"format": FORMAT, **fields})
        args = ocp.args.Composite(arrays=ocp.args.StandardSave(numbered(leaves)), manifest=manifest)
        self.busy_with = f"step {step}"
        with self._failures_in_one_line():
            self.manager.save(step, args=args, metrics={"metric": math.inf if metric is None else metric})

    def wait(self) -> None:
        with self._failures_in_one_line():
            self.manager.wait_until_finished()
        self._empty_removed()

    def _empty_removed(self) -> None:
        removed = self.directory / REMOVED
        if jax.process_index() == 0 and removed.exists():  # the process that moves them there
            try:
                shutil.rmtree(removed)
            except OSError as error:
                raise OSError(f"cannot delete {removed}: {error}; delete it by hand") from error

    @contextlib.contextmanager
    def _failures_in_one_line(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # Python's, Orbax's or TensorStore's, from this thread or another
            raise OSError(
                f"cannot save {self.busy_with} in {self.directory}: {_reason(error)}; "
                f"the steps saved there are {steps(self.directory)}"
            ) from error


def _metric(metrics: Mapping[str, float]) -> float:
    return rank_value(metrics["metric"])


def _reason(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
