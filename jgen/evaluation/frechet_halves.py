"""Split a sample in random halves, by which the bias of the Frechet distance is extrapolated to 0."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg

from jgen.evaluation.feature_moments import Moments, merge_moments, moments_of
from jgen.evaluation.gaussian_transport import Gaussian, from_moments, gaussian_of, quick_distance
from jgen.evaluation.row_order import random_order

Halves = tuple[Gaussian, Gaussian]
FEWEST = 4
"""Rows that halves of two rows take."""


def halves_of_rows(rows: np.ndarray, num_halvings: int) -> tuple[Gaussian, list[Halves]]:
    """Compute the Gaussian of rows ``[row, dim]`` and of both halves of each halving.

    The halves depend on the values of the rows alone (``random_order``). Where there are more rows than
    dimensions, the moments of the whole are those of the halves merged.
    """
    if len(rows) < FEWEST or num_halvings == 0:
        return gaussian_of(rows), []
    whole, halvings = None, []
    for halving in range(num_halvings):
        order = random_order(rows, halving)
        parts = [rows[np.sort(part)] for part in np.split(order, [len(rows) // 2])]
        moments = [moments_of(part) if len(rows) > rows.shape[1] else None for part in parts]
        first, second = (gaussian_of(part, known) for part, known in zip(parts, moments, strict=True))
        halvings.append((first, second))
        if whole is None:
            whole = gaussian_of(rows, _merged(*moments))
    assert whole is not None
    return whole, halvings


def _merged(first: Moments | None, second: Moments | None) -> Moments | None:
    return None if first is None or second is None else merge_moments(first, second)


def halves_of_moments(moments: Moments, num_halvings: int) -> tuple[Gaussian, list[Halves]]:
    """Draw halves as those of Gaussian rows would be that have these moments.

    Given mean and scatter of n Gaussian rows, the scatters of two halves and their difference are those of
    standard Gaussian rows, whitened and coloured: two Wishart matrices and a vector, brought to the scatter.

    Returns:
        The Gaussian, and the halves; none where there are as many dimensions as rows.

    Reference:
        Muirhead (1982), Aspects of multivariate statistical theory, section 3.3.
    """
    whole, dim = from_moments(moments), moments.mean.size
    if moments.n <= dim or moments.n < FEWEST:
        return whole, []
    return whole, [_drawn_halves(whole, np.random.default_rng([i, dim])) for i in range(num_halvings)]


def _drawn_halves(whole: Gaussian, rng: np.random.Generator) -> Halves:
    n, dim = whole.n, whole.mean.size
    sizes = n // 2, n - n // 2
    roots = [_wishart_factor(size - 1, dim, rng) for size in sizes] + [rng.normal(size=(dim, 1))]
    total = scipy.linalg.cholesky(sum(root @ root.T for root in roots), lower=True)
    first, second, apart = (
        whole.factor @ scipy.linalg.solve_triangular(total, root, lower=True) * np.sqrt(n - 1)
        for root in roots
    )
    apart = apart[:, 0] * np.sqrt(n / (sizes[0] * sizes[1]))  # mean of the second half less that of the first
    return (
        Gaussian(whole.mean - apart * sizes[1] / n, first / np.sqrt(sizes[0] - 1), sizes[0]),
        Gaussian(whole.mean + apart * sizes[0] / n, second / np.sqrt(sizes[1] - 1), sizes[1]),
    )


def _wishart_factor(dof: int, dim: int, rng: np.random.Generator) -> np.ndarray:
    """Draw A with A A' ~ Wishart(dof, I) by Bartlett's decomposition, or by rows where dof < dim."""
    if dof < dim:
        return rng.normal(size=(dim, dof))
    factor = np.tril(rng.normal(size=(dim, dim)), -1)
    np.fill_diagonal(factor, np.sqrt(rng.chisquare(dof - np.arange(dim))))
    return factor


def half_distance(first: Sequence[Halves], second: Sequence[Halves]) -> float:
    """Compute the mean distance of a half of one sample from a half of the other, weighted by their sizes."""
    total: Any = 0.0
    for ours, theirs in zip(first, second, strict=True):
        weights = np.multiply.outer([half.n for half in ours], [half.n for half in theirs])
        values = [[quick_distance(one, other) for other in theirs] for one in ours]
        total += (weights * values).sum() / weights.sum()
    return float(total / len(first))
