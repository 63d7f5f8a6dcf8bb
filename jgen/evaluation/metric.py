"""Make metrics that keep their rows, evaluate metrics, and merge their states across processes."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from jax.tree_util import Partial
from scipy.special import stdtrit

from jgen.features import Extractor, raw
from jgen.features.extractor import check_extractor
from jgen.types import Influence, Metric, PyTree, Result

Rows = Mapping[str, np.ndarray]
"""Name of a sample -> its rows ``[row, ...]``."""
NAMES = ("real", "generated")


def keep_rows(
    compute: Callable[[Rows], Any],
    *,
    names: tuple[str, ...] = NAMES,
    extractor: Extractor | None = None,
    influence: Callable[[Rows], Any] | None = None,
    larger_is_better: bool = False,
    read: Callable[[str, Any], np.ndarray] | None = None,
    optional: tuple[str, ...] = (),
) -> Metric:
    """Return the metric whose state is the rows (the features) of each sample: it grows with them.

    Args:
        compute: Rows -> a Result or a NamedTuple of Results. It never sees a sample without rows.
        names: Names of the samples that it takes.
        extractor: Function from examples to features, applied to each batch; None for ``raw``.
        influence: Rows -> the ``Influence`` of each row, or a NamedTuple of them.
        larger_is_better: Whether a better model has the larger value.
        read: ``read(name, x) -> rows``, in place of an extractor, for rows that are no numbers, or
            labels; it raises what a user should read.
        optional: Those of the names without which it computes, too.

    Example:
        >>> from jgen.evaluation.results import mean_result
        >>> metric = keep_rows(lambda rows: mean_result(rows["real"][:, 0], "mean", {}), names=("real",))
        >>> first, second = (metric.accumulate(metric.empty(), real=[[x], [x + 1]]) for x in (0.0, 2.0))
        >>> float(metric.compute(metric.merge(first, second)).value)
        1.5
    """
    read = read or Partial(read_features, extractor or raw())
    required = tuple(name for name in names if name not in optional)
    return Metric(
        empty=Partial(dict),
        accumulate=Partial(_accumulate, read, names),
        merge=Partial(_merge),
        compute=Partial(_when_complete, compute, required),
        influence=None if influence is None else Partial(_when_complete, influence, required),
        larger_is_better=larger_is_better,
    )


def read_features(extractor: Extractor, name: str, x: Any) -> np.ndarray:
    """Compute features and check that they are finite numbers ``[row, dim]``, in their own float type.

    Raises:
        UsageError: For anything but an extractor, such as a name or a function.
        ValueError: For another shape, complex numbers, or rows with NaN or infinity; says how many.
    """
    features = check_extractor(extractor)(x)
    if not np.issubdtype(features.dtype, np.floating):
        if not np.can_cast(features.dtype, np.float64, "same_kind"):
            raise ValueError(f"{name} must be real numbers [row, dim]; got {features.dtype}")
        features = features.astype(np.float64)
    finite = np.isfinite(features).all(1)
    if not finite.all():
        raise ValueError(
            f"{(~finite).sum()} of {len(finite)} rows of {name} have a NaN or an infinity among their "
            f"features (the first is row {(~finite).argmax()}): a model that makes such rows has no value "
            "here. Count them, and leave them out if that is what you mean"
        )
    return features


def _accumulate(
    read: Callable[[str, Any], np.ndarray], names: tuple[str, ...], state: Rows, **samples: Any
) -> Rows:
    unknown = sorted(samples.keys() - set(names))
    if unknown:
        raise TypeError(f"this metric takes {', '.join(names)}; got {', '.join(unknown)}")
    read_now = {name: read(name, rows) for name, rows in samples.items() if rows is not None}
    return _merge(state, read_now)


def _merge(first: Rows, second: Rows) -> Rows:
    merged = dict(first)
    for name, rows in second.items():
        before = merged.get(name)
        if before is not None and before.shape[1:] != rows.shape[1:]:
            raise ValueError(f"rows of {name} are {rows.shape[1:]}, and were {before.shape[1:]} before")
        merged[name] = rows if before is None else np.concatenate([before, rows])
    return merged


def _when_complete(compute: Callable[[Rows], Any], names: tuple[str, ...], state: Rows) -> Any:
    missing = [name for name in names if name not in state]
    if missing:
        raise ValueError(f"no row of {' and '.join(missing)} was given, so there is nothing to compute")
    shapes = {name: state[name].shape[1:] for name in names}
    if len({len(shape) for shape in shapes.values()}) == 1 and len(set(shapes.values())) > 1:
        raise ValueError(f"samples must have rows of one size; got {shapes}")
    if set(names) == set(NAMES):
        _check_units(*(state[name] for name in NAMES))
    return compute(state)


def _check_units(real: np.ndarray, generated: np.ndarray) -> None:
    """Check that not one sample is in whole numbers from 0 to 255 and the other in fractions from 0 to 1."""
    if real.dtype.kind != "f" or generated.dtype.kind != "f":
        return
    for whole, fractions in ((real, generated), (generated, real)):
        is_whole = whole.min() >= 0 and 1 < whole.max() <= 255 and (whole == np.round(whole)).all()
        in_unit = fractions.min() >= 0 and fractions.max() <= 1 and (fractions != np.round(fractions)).any()
        if is_whole and in_unit:
            raise ValueError(
                f"one sample is in whole numbers to {whole.max():g}, the other in fractions from 0 to 1: "
                "they look like images in two units. Scale both to one unit"
            )


def evaluate(metric: Metric, **samples: Any) -> Any:
    """Compute a metric of whole samples, ``evaluate(metric, real=..., generated=...)``.

    Args:
        metric: Any metric.
        **samples: Name -> rows ``[row, *event]``.

    Returns:
        A ``Result``, or a NamedTuple of them.

    Raises:
        ValueError: For samples that the metric refuses.
    """
    return metric.compute(metric.accumulate(metric.empty(), **samples))


def results_of(computed: Any) -> dict[str, Any]:
    """Return what ``compute`` or ``influence`` returned as name -> entry; one alone has the name ``""``.

    Example:
        >>> sorted(results_of(Result(1.0, 0.0, 2.0, 3, "mean", {})))
        ['']
    """
    return {"": computed} if isinstance(computed, Result | Influence) else computed._asdict()


def result_of(
    value: Any,
    error: Any,
    n: int,
    method: str,
    protocol: Mapping[str, Any],
    dof: float = math.inf,
    **fields: Any,
) -> Result:
    """Make the Result of a value with a standard error, whose interval is Student's; all in float64.

    Args:
        value: The estimate.
        error: Its standard error; NaN where it is not known, which is flagged.
        n: Sample size behind it.
        method: How it was found, in a few words.
        protocol: What must agree before it may be compared.
        dof: Degrees of freedom of the error.
        **fields: Other fields of the Result.

    Example:
        >>> result_of(1.0, 0.1, 20, "mean", {})
        1.00 (95 % interval 0.80 to 1.20)
          n = 20, mean
    """
    middle: Any = np.float64(value)
    half: Any = np.float64(error) * stdtrit(dof, 0.975)
    result = Result(middle, middle - half, middle + half, n, method, dict(protocol), dof, **fields)
    if np.isfinite(error):
        return result
    return result._replace(flags=(*result.flags, "the standard error is not known"))


def beyond_resolution(result: Result, reason: str) -> Result:
    """Flag a result with the word ``beyond_resolution`` and a sentence with the reason."""
    return result._replace(flags=(*result.flags, "beyond_resolution", reason))


def merge_processes(metric: Metric, state: PyTree) -> PyTree:
    """Merge the states of all processes of a distributed run; each gets the merged one.

    Args:
        metric: The metric.
        state: This process's state: a pytree of arrays, of one structure in all processes. A state of
            strings cannot be sent.

    Returns:
        The merged state, merged in the order of the processes.
    """
    if jax.process_count() == 1:
        return state
    leaves, tree = jax.tree.flatten(state)
    gathered = [_gather(np.asarray(leaf)) for leaf in leaves]
    merged = metric.empty()
    for process in range(jax.process_count()):
        merged = metric.merge(merged, jax.tree.unflatten(tree, [leaf[process] for leaf in gathered]))
    return merged


def _gather(leaf: np.ndarray) -> list[np.ndarray]:
    """Return the leaf of every process; they may differ in shape, and bytes are sent, in their own type."""
    from jax.experimental.multihost_utils import process_allgather

    shapes = np.asarray(process_allgather(np.asarray(leaf.shape, np.int32)))  # [process, axis]
    size = int(shapes.prod(1).max(initial=1)) * leaf.dtype.itemsize
    sent = np.zeros(size, np.uint8)
    sent[: leaf.nbytes] = np.frombuffer(np.ascontiguousarray(leaf).tobytes(), np.uint8)
    received = np.asarray(process_allgather(sent))  # [process, byte]
    return [
        np.frombuffer(row[: int(shape.prod()) * leaf.dtype.itemsize].tobytes(), leaf.dtype).reshape(shape)
        for row, shape in zip(received, shapes, strict=True)
    ]
