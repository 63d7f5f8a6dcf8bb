"""Plot results with their intervals."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from jgen._internal.serialization import to_json
from jgen.plots.style import DATA, MODEL, figure, styled
from jgen.types import Result


@styled
def intervals_plot(
    results: Mapping[str, Result],
    *,
    xlabel: str = "held-out log-likelihood (nats)",
    reference: float | None = None,
) -> Figure:
    """Draw a point and an interval for each result, in the order given, first on top.

    Args:
        results: Label -> result with a scalar value.
        xlabel: Label of the values, with their unit.
        reference: A known value, drawn as a dashed line.

    Returns:
        A figure with one panel.

    Raises:
        ValueError: If there are no results, one is not a scalar, or their protocols differ.

    Example:
        >>> results = {str(k): Result(-4.0 + k, -4.5 + k, -3.5 + k, 150, "5 folds", {}) for k in (1, 2)}
        >>> [label.get_text() for label in intervals_plot(results).axes[0].get_yticklabels()]
        ['1', '2']
    """
    if not results:
        raise ValueError("results is empty: give at least one label -> Result")
    if len({to_json(result.protocol) for result in results.values()}) > 1:
        names = ", ".join(results)
        raise ValueError(f"the protocols of {names} differ, so they cannot be compared: evaluate them alike")
    ends = np.array([[np.asarray(x) for x in result[:3]] for result in results.values()], dtype=np.float64)
    if ends.ndim != 2:
        raise ValueError(
            f"a result must be a scalar, got values of shape {ends.shape[2:]}: reduce them first"
        )
    made, [[axis]] = figure(1, 1, 1.1 + 0.36 * len(results))
    rows = np.arange(len(results))
    value, low, high = ends.T  # [result]
    axis.hlines(rows, low, high, color=MODEL, linewidth=2.4)
    axis.plot(value, rows, "o", color=MODEL, markersize=7, markeredgecolor="white")
    for row in rows[~np.isfinite(value)]:
        axis.text(0.02, row, f"{value[row]}", transform=axis.get_yaxis_transform(), va="center", color=DATA)
    if reference is not None:
        axis.axvline(reference, color=DATA, linestyle="--", linewidth=1.2)
    axis.set_yticks(rows, list(results))
    axis.set(ylim=(len(results) - 0.5, -0.5), xlabel=xlabel)
    axis.margins(x=0.06)
    axis.grid(axis="x")
    axis.tick_params(axis="y", length=0)
    return made
