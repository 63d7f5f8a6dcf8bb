"""Losses along training, of one model or several, on the data they learn from and on others."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jgen.plots.style import DATA, PALETTE, figure, matrix, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINES: Any = ({"linestyle": (0, (1.2, 1.2)), "linewidth": 1.3}, {"linewidth": 1.9}, {"linestyle": "--"})


@styled
def learning_curves(
    steps: Any,
    series: Mapping[str, Any],
    *,
    ylabel: str = "loss (nats)",
    reference: float | None = None,
) -> "Figure":
    """Draws one line for each series.

    The name of a series is that of its split, ``training``, or of its model and its split, ``gru, training``:
    a model has a colour, a split a kind of line, the first one dotted. Points that are NaN are left out. The
    first 10 % of the points do not set the vertical range: a bad start would flatten all that follows.

    Args:
        steps: Where the points are ``[point]``.
        series: Name -> values ``[point]``.
        ylabel: What is drawn, with its unit.
        reference: A known value to draw as a dashed line.

    Returns:
        A figure with one panel.

    Raises:
        ValueError: There is no series, or one is not as long as ``steps``.

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
    made, axes = figure(1, 1, 3.6)
    axis = axes[0, 0]
    late = [] if reference is None else [reference]
    for name, values in series.items():
        values = matrix(values, name, ["point"])
        if len(values) != len(steps):
            raise ValueError(f"{name} has {len(values)} points and steps {len(steps)}: they must agree")
        finite = np.isfinite(values)
        color = PALETTE[models.index(parts[name][0]) % len(PALETTE)]
        line = LINES[min(splits.index(parts[name][1]), len(LINES) - 1) if len(splits) > 1 else 1]
        marker = "o" if finite.sum() == 1 else None  # a line of one point is not seen
        axis.plot(steps[finite], values[finite], color=color, label=name, marker=marker, **line)
        late += values[finite & (np.arange(len(steps)) >= len(steps) // 10)].tolist()
    if reference is not None:
        axis.axhline(reference, color=DATA, linestyle="--", linewidth=1.0, label=f"known: {reference:.4g}")
    if late:
        margin = 0.06 * (max(late) - min(late)) or 1.0
        axis.set_ylim(min(late) - margin, max(late) + margin)
    axis.set(xlabel="step", ylabel=ylabel)
    axis.grid(axis="y")
    axis.legend(loc="best")
    return made
