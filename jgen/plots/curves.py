"""Plot training curves of many restarts."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jgen.plots.style import DATA, MODEL, MUTED, figure, matrix, set_vertical_range, styled


@styled
def curves(
    values: Any,
    *,
    ylabel: str = "log-likelihood (nats)",
    xlabel: str = "step",
    maximise: bool = True,
    reference: float | None = None,
) -> Figure:
    """Draw every restart as a thin line and the best one as a bold line.

    The best is the restart whose last value is largest (smallest with ``maximise=False``). Those that
    end in NaN are excluded, and the legend counts them. The first 10 % of the steps do not set the
    vertical range: a bad start would flatten the rest.

    Args:
        values: Objective along training ``[step, restart]``.
        ylabel: Label of the values, with their unit.
        xlabel: Label of the steps.
        maximise: Whether larger is better.
        reference: A known value, drawn as a dashed line.

    Returns:
        A figure with one panel.

    Raises:
        ValueError: ``values`` is not ``[step, restart]``, or is empty.

    Example:
        >>> figure = curves(-1.0 / np.arange(1.0, 10.0)[:, None] * np.ones((1, 5)))
        >>> len(figure.axes[0].lines)
        5
    """
    values = matrix(values, "values", ["step", "restart"])
    made, axes = figure(1, 1, 3.4)
    axis = axes[0, 0]
    last = np.where(np.isfinite(values[-1]), values[-1], np.nan)  # [restart]
    sign = 1.0 if maximise else -1.0
    best = None if np.isnan(last).all() else int(np.nanargmax(sign * last))
    steps = np.arange(values.shape[0])
    shown = np.where(np.isfinite(values), values, np.nan)  # [step, restart]
    alpha = float(np.clip(8.0 / values.shape[1], 0.15, 0.7))
    for i in range(values.shape[1]):
        if i != best:
            axis.plot(steps, shown[:, i], color=MUTED, linewidth=0.9, alpha=alpha)
    if best is not None:
        axis.plot(
            steps,
            shown[:, best],
            color=MODEL,
            linewidth=2.2,
            label=f"best of {values.shape[1]}: {last[best]:.2f}",
        )
    if reference is not None:
        axis.axhline(reference, color=DATA, linestyle="--", linewidth=1.2, label=f"known: {reference:.2f}")
    num_failed = int(np.isnan(last).sum())
    if num_failed:
        axis.plot([], [], color="none", label=f"{num_failed} of {values.shape[1]} ended in NaN or infinity")
    late = shown[values.shape[0] // 10 :]
    set_vertical_range(axis, [*late[np.isfinite(late)], *([] if reference is None else [reference])])
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.set_xlim(0, max(values.shape[0] - 1, 1))
    axis.grid(axis="y")
    axis.legend(loc="lower right" if maximise else "upper right")
    return made
