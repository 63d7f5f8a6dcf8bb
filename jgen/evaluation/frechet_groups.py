"""Split a sample in random groups, without which in turn the bias of the Frechet distance is estimated."""

from typing import NamedTuple

import numpy as np
import scipy.linalg

from jgen.evaluation.feature_moments import Moments, merge_moments, moments_of
from jgen.evaluation.gaussian_transport import Gaussian, from_moments, gaussian_of
from jgen.evaluation.row_order import random_order


class Sample(NamedTuple):
    """Sample of features as a Gaussian and as groups.

    Attributes:
        whole: Gaussian of all rows.
        sizes: Rows of each group ``[group]``; none where the sample has no groups.
        moments: Those of each group; empty where there are no more rows than dimensions.
        rows: All rows ``[row, dim]``; None for published statistics.
        groups: Indices of the rows of each group; empty for published statistics.
    """

    whole: Gaussian
    sizes: list[int]
    moments: list[Moments]
    rows: np.ndarray | None
    groups: list[np.ndarray]

    def part(self, numbers: list[int]) -> Gaussian:
        """Return the Gaussian of some groups taken as one."""
        size = sum(self.sizes[number] for number in numbers)
        if self.rows is not None and size <= self.rows.shape[1]:
            return gaussian_of(self.rows[np.concatenate([self.groups[number] for number in numbers])])
        return from_moments(merge_moments(*(self.moments[number] for number in numbers)))

    def some_rows(self, least: int) -> np.ndarray:
        """Return the rows of the first groups that have so many, or all rows if there are not so many.

        They are in an order that depends on their values alone, where there are groups.
        """
        assert self.rows is not None
        enough = int(np.searchsorted(np.cumsum(self.sizes), least)) + 1
        return self.rows[np.concatenate(self.groups[:enough])] if self.groups else self.rows

    def without(self, number: int) -> Gaussian:
        """Return the Gaussian of all groups but one."""
        return self.part([other for other in range(len(self.sizes)) if other != number])


def sample_of_rows(rows: np.ndarray, num_groups: int) -> Sample:
    """Make a sample of rows ``[row, dim]``, in groups of two rows or more that depend on their values alone.

    Where there are more rows than dimensions, the moments of the whole are those of the groups merged.
    """
    if len(rows) < 2 * num_groups:
        return Sample(gaussian_of(rows), [], [], rows, [])
    groups = np.array_split(random_order(rows), num_groups)
    sizes = [len(group) for group in groups]
    if len(rows) <= rows.shape[1]:
        return Sample(gaussian_of(rows), sizes, [], rows, groups)
    moments = [moments_of(rows[group]) for group in groups]
    return Sample(from_moments(merge_moments(*moments)), sizes, moments, rows, groups)


def sample_of_moments(moments: Moments, num_groups: int) -> Sample:
    """Make a sample of published statistics, in groups as those of Gaussian rows with these moments.

    Means and covariances of the groups of standard Gaussian rows are drawn (Wishart matrices), and all are
    brought by one affine map to the moments of the whole.
    """
    whole, dim, n = from_moments(moments), moments.mean.size, moments.n
    if n <= dim or n < 2 * num_groups:
        return Sample(whole, [], [], None, [])
    rng = np.random.default_rng([num_groups, n, dim])
    sizes = [n // num_groups + (number < n % num_groups) for number in range(num_groups)]
    standard = [
        Moments(rng.normal(size=dim) / size**0.5, _wishart(size - 1, dim, rng), size) for size in sizes
    ]
    drawn = merge_moments(*standard)
    root = scipy.linalg.cholesky(drawn.covariance, lower=True)
    colour = scipy.linalg.solve_triangular(root, whole.factor.T, lower=True, trans=1).T  # factor root^-1
    groups = [
        Moments(moments.mean + colour @ (one.mean - drawn.mean), colour @ one.covariance @ colour.T, one.n)
        for one in standard
    ]
    return Sample(whole, sizes, groups, None, [])


def _wishart(dof: int, dim: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a Wishart matrix over its degrees of freedom, by Bartlett's decomposition or by rows.

    Reference:
        Muirhead (1982), Aspects of multivariate statistical theory, theorem 3.2.14.
    """
    if dof < dim:
        factor = rng.normal(size=(dim, dof))
    else:
        factor = np.tril(rng.normal(size=(dim, dim)), -1)
        np.fill_diagonal(factor, np.sqrt(rng.chisquare(dof - np.arange(dim))))
    return factor @ factor.T / dof
