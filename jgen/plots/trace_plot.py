"""Plot traces of chains and histograms of their ranks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jgen.plots.style import DATA, MUTED, PALETTE, WIDTH, figure, matrix, names, styled

BINS = 20


@styled
def trace_plot(draws: Any, labels: Sequence[str] | None = None, *, max_chains: int = 8) -> Figure:
    """Draw the traces of each coordinate, and the histogram of the ranks of each chain.

    Ranks are taken over all chains together. Chains that agree have flat histograms: a bin of a
    chain of n independent draws has ``n / bins`` of them on average, and is outside the grey band with
    probability 1 %. A sloped or curved histogram shows a chain of another location or scale.

    Args:
        draws: Draws ``[chain, draw]`` or ``[chain, draw, dim]``.
        labels: Names of the coordinates.
        max_chains: Number of chains to draw; ranks are taken over all chains.

    Returns:
        A figure with one row per coordinate: traces left, ranks right.

    Raises:
        ValueError: If ``draws`` is empty or has another shape.

    Example:
        >>> len(trace_plot(np.random.default_rng(0).normal(size=(4, 100, 2)), ["mu", "tau"]).axes)
        4

    Reference:
        Vehtari, Gelman, Simpson, Carpenter, Buerkner, Rank-normalization, folding, and localization
        (2021), section 4.
    """
    draws = np.asarray(draws)
    if draws.ndim == 2:
        draws = draws[..., None]
    draws = matrix(draws, "draws", ["chain", "draw", "dim"])
    num_chains, num_draws, dim = draws.shape
    titles = names(labels, dim)
    made, axes = figure(dim, 2, 0.5 + 1.6 * dim, WIDTH + 0.6, sharex="col", width_ratios=(1.6, 1.0))
    bins = max(min(BINS, num_draws // 5), 1)
    for row in range(dim):
        trace, rank = axes[row]
        for chain in range(min(num_chains, max_chains)):
            color = PALETTE[chain % len(PALETTE)]
            finite = np.where(np.isfinite(draws[chain, :, row]), draws[chain, :, row], np.nan)
            trace.plot(finite, color=color, linewidth=0.7, alpha=0.8)
            counts = rank_counts(draws[..., row], bins)[chain]
            rank.stairs(counts, np.linspace(0.0, 1.0, bins + 1), color=color, linewidth=1.4, baseline=None)
        flat = num_draws / bins
        band = 2.576 * np.sqrt(flat * (1.0 - 1.0 / bins))
        rank.axhspan(max(flat - band, 0.0), flat + band, color=MUTED, alpha=0.25, linewidth=0)
        bad = int((~np.isfinite(draws[..., row])).sum())
        trace.set_title(titles[row] + (f"   (not finite: {bad})" if bad else ""), loc="left")
        rank.set_ylim(bottom=0.0)
        rank.set_xlim(0.0, 1.0)
        trace.set_xlim(0, max(num_draws - 1, 1))
    axes[0, 1].set_title("ranks of each chain", loc="left", color=DATA)
    some = f" ({max_chains} of {num_chains} chains)" if num_chains > max_chains else ""
    axes[-1, 0].set_xlabel(f"draw{some}")
    axes[-1, 1].set_xlabel("rank among all draws (0 to 1)")
    return made


def rank_counts(draws: np.ndarray, bins: int) -> np.ndarray:
    """Count the draws of each chain in each bin of the pooled ranks.

    Args:
        draws: One coordinate ``[chain, draw]``.
        bins: Number of equal bins.

    Returns:
        Counts ``[chain, bin]``; those of a chain add up to its number of draws. Equal draws share their ranks
        evenly, so that a count may be a fraction.

    Example:
        >>> rank_counts(np.array([[1.0, 2.0], [3.0, 4.0]]), 2).tolist()
        [[2.0, 0.0], [0.0, 2.0]]
        >>> rank_counts(np.zeros((2, 2)), 2).tolist()
        [[1.0, 1.0], [1.0, 1.0]]
    """
    rising = np.sort(draws, axis=None)
    first, last = (np.searchsorted(rising, draws, side=side) for side in ("left", "right"))  # [chain, draw]
    edges = np.linspace(0, draws.size, bins + 1)[:, None, None]  # [edge, 1, 1]
    below = np.clip((edges - first) / (last - first), 0, 1).sum(axis=2)  # [edge, chain]
    return np.diff(below, axis=0).T
