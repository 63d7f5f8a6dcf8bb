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
    num_steps, num_restarts = values.shape
    made, [[axis]] = figure(1, 1, 3.4)
    shown = np.where(np.isfinite(values), values, np.nan)  # [step, restart]
    last = shown[-1]  # [restart]
    best = None if np.isnan(last).all() else int(np.nanargmax(last if maximise else -last))
    alpha = float(np.clip(8.0 / num_restarts, 0.15, 0.7))
    for i in range(num_restarts):
        if i != best:
            axis.plot(shown[:, i], color=MUTED, linewidth=0.9, alpha=alpha)
    if best is not None:
        label = f"best of {num_restarts}: {last[best]:.2f}"
        axis.plot(shown[:, best], color=MODEL, linewidth=2.2, label=label)
    if reference is not None:
        axis.axhline(reference, color=DATA, linestyle="--", linewidth=1.2, label=f"known: {reference:.2f}")
    if num_failed := int(np.isnan(last).sum()):
        axis.plot([], [], color="none", label=f"{num_failed} of {num_restarts} ended in NaN or infinity")
    late = shown[num_steps // 10 :]
    set_vertical_range(axis, [*late[np.isfinite(late)], *([] if reference is None else [reference])])
    axis.set(xlabel=xlabel, ylabel=ylabel, xlim=(0, max(num_steps - 1, 1)))
    axis.grid(axis="y")
    axis.legend(loc="lower right" if maximise else "upper right")
    return made
