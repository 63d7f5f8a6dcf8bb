"""Training curves of many restarts."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jgen.plots.style import DATA, MODEL, MUTED, figure, matrix, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def curves(
    values: Any,
    *,
    ylabel: str = "log-likelihood (nats)",
    xlabel: str = "step",
    maximise: bool = True,
    reference: float | None = None,
) -> "Figure":
    """Draws every restart thin and the best one bold.

    The best is the restart whose last value is largest (smallest with ``maximise=False``). One that
    ends in NaN cannot be the best, and the legend counts it. The first 10 % of the steps do not set
    the vertical range: a bad start would flatten all that follows.

    Args:
        values: Objective along training ``[step, restart]``.
        ylabel: What is drawn, with its unit.
        xlabel: What a step is.
        maximise: Whether larger is better.
        reference: A known value to draw as a dashed line.

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
    dead = int(np.isnan(last).sum())
    if dead:
        axis.plot([], [], color="none", label=f"{dead} of {values.shape[1]} ended in NaN or infinity")
    late = shown[values.shape[0] // 10 :]
    if np.isfinite(late).any():
        marks = [np.nanmin(late), np.nanmax(late)] + ([] if reference is None else [reference])
        margin = 0.06 * (max(marks) - min(marks)) or 1.0
        axis.set_ylim(min(marks) - margin, max(marks) + margin)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.set_xlim(0, max(values.shape[0] - 1, 1))
    axis.grid(axis="y")
    axis.legend(loc="lower right" if maximise else "upper right")
    return made
