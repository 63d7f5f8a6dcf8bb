"""Plot latent codes in the plane, coloured by class."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jgen.plots.style import MODEL, PALETTE, figure, matrix, styled

MARKERS = "o^sDv"


@styled
def latent_scatter(codes: Any, labels: Any = None) -> Figure:
    """Draw codes as points, and the name of each class at the median of its codes.

    Codes in more than two dimensions are projected on their first two principal components; the axis labels
    give the fraction of the variance of each.

    Args:
        codes: ``[n, latent]``.
        labels: Classes ``[n]``, any whole numbers or words; None for no colours. Beyond eight classes the
            colours repeat with another marker.

    Returns:
        A figure with one panel.

    Raises:
        ValueError: For other shapes, or a code that is not finite.

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(60, 10))
        >>> axis = latent_scatter(codes, np.arange(60) % 3).axes[0]
        >>> [text.get_text() for text in axis.texts], len(axis.collections)
        (['0', '1', '2'], 3)
    """
    codes = matrix(codes, "codes", ["n", "latent"])
    if num_bad := (~np.isfinite(codes)).any(1).sum():
        raise ValueError(f"{num_bad} of {len(codes)} codes are not finite: leave them out")
    kinds = np.zeros(len(codes), int) if labels is None else np.asarray(labels)
    if kinds.shape != (len(codes),):
        raise ValueError(f"labels has shape {kinds.shape}: give one for each of {len(codes)} codes")
    points, (xlabel, ylabel) = _plane(codes)
    made, [[axis]] = figure(1, 1, 5.2)
    size = float(np.clip(6000.0 / len(codes), 3.0, 22.0))
    for i, kind in enumerate(np.unique(kinds)):
        x, y = points[kinds == kind].T
        color = MODEL if labels is None else PALETTE[i % len(PALETTE)]
        marker = MARKERS[i // len(PALETTE) % len(MARKERS)]
        axis.scatter(x, y, s=size, c=color, marker=marker, alpha=0.6, linewidths=0)
        if labels is not None:
            box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": color, "linewidth": 1.2}
            style = {
                "ha": "center",
                "va": "center",
                "color": "black",
                "fontsize": 9,
                "bbox": box,
                "zorder": 3,
            }
            axis.text(np.median(x), np.median(y), str(kind), **style)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    if codes.shape[1] > 1:
        axis.set_aspect("equal", adjustable="datalim")
    else:
        axis.set_yticks([])
    return made


def _plane(codes: np.ndarray) -> tuple[np.ndarray, tuple[str, str]]:
    if codes.shape[1] == 1:
        return np.stack([codes[:, 0], np.linspace(-1.0, 1.0, len(codes))], 1), ("z0", "order of the codes")
    if codes.shape[1] == 2:
        return codes, ("z0", "z1")
    centred = codes - codes.mean(0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    values, axes = values[:-3:-1], axes[:, :-3:-1]  # the two largest
    axes = axes * np.where(axes.sum(0) < 0, -1.0, 1.0)  # fix the free signs
    share = values / max(float((centred**2).sum()), np.finfo(float).tiny)
    first, second = (f"principal component {i + 1} ({share[i]:.0%} of the variance)" for i in range(2))
    return centred @ axes, (first, second)
