"""Plot several estimates of the same quantities side by side."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from jgen.plots.style import DATA, PALETTE, figure, styled
from jgen.types import Result


@styled
def grouped_intervals(
    series: Mapping[str, Mapping[str, Result]], *, ylabel: str, truth: Mapping[str, float] | None = None
) -> Figure:
    """Draw a group of points with intervals for each label, one of each series, in its colour.

    Args:
        series: Estimator -> label -> result with a scalar value; labels may be missing.
        ylabel: Label of the values, with their unit.
        truth: Label -> known value, drawn as a dashed line behind its group.

    Returns:
        A figure with one panel, labels along the bottom in order of first appearance.

    Raises:
        ValueError: There is nothing to draw.

    Example:
        >>> result = Result(1.0, 0.5, 1.5, 10, "a mean", {})
        >>> made = grouped_intervals({"SMC": {"K = 1": result}}, ylabel="log Z (nats)", truth={"K = 1": 1.1})
        >>> [label.get_text() for label in made.axes[0].get_xticklabels()]
        ['K = 1']
    """
    labels = list(dict.fromkeys(label for results in series.values() for label in results))
    if not labels:
        raise ValueError("series is empty: give at least one series with one label -> Result")
    made, [[axis]] = figure(1, 1, 3.4)
    place = {label: i for i, label in enumerate(labels)}
    for label, value in (truth or {}).items():
        start = place[label] - 0.36
        axis.hlines(value, start, start + 0.72, color=DATA, linestyle="--", linewidth=1.2)
    for i, (name, results) in enumerate(series.items()):
        x = np.array([place[label] for label in results]) + 0.44 * ((i + 0.5) / len(series) - 0.5)
        value, low, high = np.array([[float(end) for end in result[:3]] for result in results.values()]).T
        color = PALETTE[i % len(PALETTE)]
        axis.vlines(x, low, high, color=color, linewidth=2.2)
        axis.plot(x, value, "o", color=color, markersize=6, markeredgecolor="white", label=name)
    if truth:
        axis.plot([], [], "--", color=DATA, linewidth=1.2, label="truth")
    axis.set_xticks(range(len(labels)), labels)
    axis.set(xlim=(-0.5, len(labels) - 0.5), ylabel=ylabel)
    axis.grid(axis="y")
    axis.tick_params(axis="x", length=0)
    made.legend(loc="outside upper center", ncols=len(series) + bool(truth))
    return made
