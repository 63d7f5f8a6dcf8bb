"""Plot losses during training, of one or several models, on training and held-out data."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jgen.plots.style import DATA, PALETTE, figure, matrix, set_vertical_range, styled

LINES: Any = ({"linestyle": (0, (1.2, 1.2)), "linewidth": 1.3}, {"linewidth": 1.9}, {"linestyle": "--"})


@styled
def learning_curves(
    steps: Any, series: Mapping[str, Any], *, ylabel: str = "loss (nats)", reference: float | None = None
) -> Figure:
    """Draw one line for each series.

    The name of a series is that of its split, ``training``, or of its model and its split, ``gru, training``:
    each model has a colour, each split a line style, the first one dotted. NaN points are left out. The
    first 10 % of the points do not set the vertical range: a bad start would flatten the rest.

    Args:
        steps: Training steps of the points ``[point]``.
        series: Name -> values ``[point]``.
        ylabel: Label of the values, with their unit.
        reference: A known value, drawn as a dashed line.

    Returns:
        A figure with one panel.

    Raises:
        ValueError: If there is no series, or one differs in length from ``steps``.

    Example:
        >>> steps = np.arange(1, 6) * 100
        >>> made = learning_curves(steps, {"training": 1 / steps, "validation": 2 / steps})
        >>> [line.get_label() for line in made.axes[0].lines]
        ['training', 'validation']
    """
    steps = matrix(steps, "steps", ["point"])
    if not series:
        raise ValueError("series is empty: give at least one name -> values")
    parts = {name: (", ".join(name.split(", ")[:-1]), name.split(", ")[-1]) for name in series}
    models, splits = (list(dict.fromkeys(part[i] for part in parts.values())) for i in range(2))
    made, [[axis]] = figure(1, 1, 3.6)
    late = [] if reference is None else [reference]
    for name, values in series.items():
        values = matrix(values, name, ["point"])
        if len(values) != len(steps):
            raise ValueError(f"{name} has {len(values)} points and steps {len(steps)}: they must agree")
        finite = np.isfinite(values)
        color = PALETTE[models.index(parts[name][0]) % len(PALETTE)]
        line = LINES[min(splits.index(parts[name][1]), len(LINES) - 1) if len(splits) > 1 else 1]
        marker = "o" if finite.sum() == 1 else None  # a line of one point is invisible
        axis.plot(steps[finite], values[finite], color=color, label=name, marker=marker, **line)
        late += values[finite & (np.arange(len(steps)) >= len(steps) // 10)].tolist()
    if reference is not None:
        axis.axhline(reference, color=DATA, linestyle="--", linewidth=1.0, label=f"known: {reference:.4g}")
    set_vertical_range(axis, late)
    axis.set(xlabel="step", ylabel=ylabel)
    axis.grid(axis="y")
    axis.legend(loc="best")
    return made
