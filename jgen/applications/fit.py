"""Train a model with progress, logging, validation, checkpoints and resumption."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgen import training
from jgen._internal.binding import as_partial
from jgen.errors import UsageError
from jgen.experiment.run_folder import Run
from jgen.training import checkpoints
from jgen.types import Array, Key, Objective, PyTree, TrainState


class Best(NamedTuple):
    """Best parameters so far.

    Attributes:
        params: Parameters of the smallest validation loss; the newest without validation. Averaged, if the
            optimizer keeps an average.
        loss: Their validation loss; infinite without validation.
        step: Their step.
    """

    params: PyTree
    loss: Array
    step: Array


class Fit(NamedTuple):
    """Result of a training run.

    Attributes:
        state: State after the last step.
        best: Best parameters.
        rows: One per chunk: ``step``, the means over the chunk of ``loss`` and of each entry of ``aux``, and
            ``validation_loss``. Rows of the resumed run come first.
    """

    state: TrainState
    best: Best
    rows: list[dict[str, float]]

    @property
    def params(self) -> PyTree:
        """Return the best parameters."""
        return self.best.params

    def curve(self, name: str = "loss") -> np.ndarray:
        """Return one column of the rows ``[chunk]``, with NaN where a row lacks it."""
        return np.array([row.get(name, np.nan) for row in self.rows])


def fit(
    run: Run,
    objective: Objective,
    optimizer: optax.GradientTransformation,
    init: Callable[[Key], PyTree],
    data: PyTree,
    *,
    key: Key,
    num_steps: int,
    make_batch: Callable[[PyTree, Key, Array], PyTree],
    validation: PyTree = None,
    evaluate: Objective | None = None,
    chunk_size: int = 200,
    save_every: float = 60.0,
    resume: str | Path | None = None,
    name: str = "training",
) -> Fit:
    """Train a model, and save metrics and checkpoints in the run's directory.

    After each chunk of steps: progress is shown, a line goes to ``metrics.jsonl``, the validation loss is
    computed (of the averaged parameters, if the optimizer keeps an average; with the same key every time, so
    that it depends on the parameters alone), the best parameters are kept, and every ``save_every`` seconds a
    checkpoint is written to ``checkpoints/<name>`` in the background. A run that was interrupted and resumed
    from there has the same results, bit for bit, as an uninterrupted one.

    Args:
        run: Run whose directory receives metrics and checkpoints.
        objective: Objective to minimise.
        optimizer: Any optax transformation.
        init: ``init(key) -> params``, that of a ``LatentModel`` or an ``AdversarialModel``, say.
        data: A pytree of arrays ``[row, ...]``.
        key: Random key of the run.
        num_steps: Total steps, including those of a resumed run.
        make_batch: Such as ``jgen.training.shuffled(128)``.
        validation: Held-out data, like ``data``; None for none.
        evaluate: Objective of the validation loss, a mean over examples; None for ``objective``.
        chunk_size: Steps of a chunk.
        save_every: Seconds between checkpoints; one more is written at the end.
        resume: Directory of an earlier run, to resume from its newest checkpoint.
        name: Name of this training, if a run has several.

    Returns:
        ``Fit(state, best, rows)``.

    Raises:
        UsageError: For a non-finite loss: the state before it is in the checkpoint. For validation data that
            are empty, or whose loss was never finite. For a checkpoint of another model, or a damaged one.
        FileNotFoundError: If there is nothing to resume.
        OSError: If a checkpoint cannot be written.

    Example:
        >>> import tempfile, jax, jax.numpy as jnp, optax, numpyro.distributions as dist
        >>> from jgen.objectives import maximum_likelihood
        >>> from jgen.experiment.run_folder import start
        >>> from jgen.training import shuffled
        >>> rows = jnp.linspace(-1.0, 3.0, 101)
        >>> options = {"make_batch": shuffled(101), "validation": rows, "chunk_size": 20}
        >>> with tempfile.TemporaryDirectory() as root, start("normal", {}, root=root) as run:
        ...     found = fit(
        ...         run, maximum_likelihood(dist.Normal), optax.sgd(0.3), jax.random.normal, rows,
        ...         key=jax.random.key(0), num_steps=60, **options,
        ...     )
        ...     checkpoints.steps(run.directory / "checkpoints" / "training")
        [60]
        >>> round(float(found.params), 3), found.curve("step").tolist()
        (1.0, [20, 40, 60])
    """
    init_key, run_key, validation_key = jax.random.split(key, 3)
    state = training.init_state(run_key, as_partial(init)(init_key), optimizer)
    best = Best(_copy_params(state), jnp.float32(jnp.inf), state.step + 0)
    rows: list[dict[str, float]] = []
    if resume is not None:
        folder = Path(resume) / "checkpoints" / name
        state, best = checkpoints.restore(folder, like=(state, best))
        rows = list(checkpoints.notes(folder)["rows"])
    done = int(state.step)
    if num_steps < done:
        raise UsageError(f"{num_steps} steps in all are fewer than the {done} that were made already")
    folder = run.directory / "checkpoints" / name
    saved, saved_at = max(checkpoints.steps(folder), default=-1), time.monotonic()

    with checkpoints.writer(folder) as save, run.stage(name, num_steps - done) as advance:

        def save_state(state: TrainState) -> None:
            nonlocal saved, saved_at
            if int(state.step) > saved:
                save((state, best), step=int(state.step), notes={"rows": rows})
                saved, saved_at = int(state.step), time.monotonic()

        def on_chunk(state: TrainState, metrics: Mapping[str, Any]) -> None:
            nonlocal best
            if not len(metrics["loss"]):  # a finished run was resumed
                return
            params, loss = _copy_params(state), jnp.float32(jnp.inf)
            row = {"step": int(state.step), **{k: float(np.mean(v)) for k, v in metrics.items()}}
            if validation is not None:
                loss = training.mean_loss(evaluate or objective, params, validation, validation_key)
                row["validation_loss"] = float(loss)
            if validation is None or loss < best.loss:
                best = Best(params, loss, state.step + 0)
            rows.append(row)
            run.log(fit=name, **row)
            advance(len(metrics["loss"]))
            if time.monotonic() - saved_at >= save_every:
                save_state(state)

        step = training.make_train_step(objective, optimizer)
        options: dict[str, Any] = {"make_batch": make_batch, "chunk_size": chunk_size, "on_chunk": on_chunk}
        try:
            state = training.train(state, step, data, num_steps - done, **options).state
        except training.NonFiniteError as error:
            save_state(error.training.state)
            raise UsageError(f"{error}. It is also saved in {folder}") from error
        save_state(state)
    if validation is not None and rows and not jnp.isfinite(best.loss):
        raise UsageError(f"{name}: the validation loss was never finite; the last state is in {folder}")
    return Fit(state, best, rows)


def _copy_params(state: TrainState) -> PyTree:
    """Copy the parameters to use, since the state is donated to the next chunk."""
    return jax.tree.map(jnp.copy, training.averaged_params(state, default=state.params))
