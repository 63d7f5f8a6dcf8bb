"""Compute the kernel inception distance: unbiased MMD^2 of features with a cubic kernel."""

from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial

from jgen.evaluation.metric import Rows, evaluate, keep_rows, result_of
from jgen.evaluation.recipe import Known, MetricRecipe
from jgen.evaluation.second_order import total_variance
from jgen.features import Extractor, raw
from jgen.types import Influence, Metric, Result

BLOCK = 2048
"""Rows of the kernel matrix that are in memory at a time, times as many columns."""


def kid(*, real: Any, generated: Any, extractor: Extractor | None = None) -> Result:
    r"""Compute the unbiased squared MMD of features with the kernel of KID, without a scale.

    .. math:: k(x, y) = (x \cdot y / D + 1)^3, \qquad
        \frac 1 {n (n - 1)} \sum_{i \ne j} k(x_i, x_j) + \frac 1 {m (m - 1)} \sum_{i \ne j} k(y_i, y_j)
        - \frac 2 {n m} \sum_{ij} k(x_i, y_j)

    All pairs are used: no average over subsets, whose size would enter the error but not the value. It is
    unbiased, so near the null it is below 0 as often as above. The interval is one of the squared MMD of
    the distributions, by the influence of each row and the variance of second order, which is all there is
    between samples of one distribution. Time is :math:`O((n + m)^2 D)`, in float64, and memory that of
    the features, which the state keeps, and one block of the kernel matrix.

    Args:
        real: Examples ``[n, *event]``.
        generated: Examples ``[m, *event]``.
        extractor: Function from examples to features; None for the values themselves.

    Returns:
        The Result; its null is 0, between whose ends 95 % of readings lie by the real rows' kernel.

    Raises:
        ValueError: For fewer than two rows of a sample, NaN or infinite features, or different dimensions.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = kid(real=rng.normal(size=(400, 2)), generated=2 * rng.normal(size=(300, 2)))
        >>> bool(found.low < 13.5 < found.high), bool(found.low > found.null.high)
        (True, True)

    Reference:
        Binkowski et al. (2018), Demystifying MMD GANs; Gretton et al. (2012), A kernel two-sample test.
    """
    return evaluate(kid_metric(extractor=extractor), real=real, generated=generated)


def kid_metric(*, extractor: Extractor | None = None) -> Metric:
    """Return the metric of ``kid``; its state keeps the features."""
    extractor = extractor or raw()
    return keep_rows(Partial(_compute, extractor), extractor=extractor, influence=Partial(_influence))


class _Sums(NamedTuple):
    """Sums over a kernel matrix ``[i, j]``, without its diagonal where both samples are one.

    Attributes:
        by_row: Mean over j ``[i]``.
        by_column: Mean over i ``[j]``.
        mean: Mean over all pairs.
        interaction: Mean square of the kernel less its means over rows and columns: the part of second order.
    """

    by_row: np.ndarray
    by_column: np.ndarray
    mean: float
    interaction: float


def _sums(first: np.ndarray, second: np.ndarray, is_one: bool) -> _Sums:
    """Sum the kernel of two samples, or of the pairs of one."""
    by_row, by_column, squares = np.zeros(len(first)), np.zeros(len(second)), 0.0
    for i in range(0, len(first), BLOCK):
        rows = first[i : i + BLOCK].astype(np.float64)
        for j in range(0, len(second), BLOCK):
            block = (rows @ second[j : j + BLOCK].astype(np.float64).T / first.shape[1] + 1) ** 3
            if is_one and i == j:
                np.fill_diagonal(block, 0.0)
            by_row[i : i + BLOCK] += block.sum(1)
            by_column[j : j + BLOCK] += block.sum(0)
            squares += float((block**2).sum())
    columns, rows_of_one = (len(second) - is_one, len(first) - is_one)
    by_row, by_column, pairs = by_row / columns, by_column / rows_of_one, len(first) * columns
    mean = float(by_row.mean())
    additive = by_row.var() + by_column.var() + mean**2  # mean square of the additive part
    return _Sums(by_row, by_column, mean, max(squares / pairs - additive, 0.0))


class _Matrices(NamedTuple):
    real: _Sums
    generated: _Sums
    cross: _Sums


def _matrices(rows: Rows) -> _Matrices:
    for name, one in rows.items():
        if len(one) < 2:
            raise ValueError(f"an unbiased MMD takes two rows or more; {name} has {len(one)}")
    real, generated = rows["real"], rows["generated"]
    return _Matrices(
        _sums(real, real, True), _sums(generated, generated, True), _sums(real, generated, False)
    )


def _value(sums: _Matrices) -> float:
    return sums.real.mean + sums.generated.mean - 2 * sums.cross.mean


def _influence(rows: Rows) -> Influence:
    sums = _matrices(rows)
    real = 2 * (sums.real.by_row - sums.cross.by_row)
    generated = 2 * (sums.generated.by_row - sums.cross.by_column)
    by_sample = {"real": real - real.mean(), "generated": generated - generated.mean()}
    return Influence(_value(sums), by_sample)


def _compute(extractor: Extractor, rows: Rows) -> Result:
    sums, n, m = _matrices(rows), len(rows["real"]), len(rows["generated"])
    influence = 2 * (sums.real.by_row - sums.cross.by_row), 2 * (sums.generated.by_row - sums.cross.by_column)
    first = sum(float(phi.var(ddof=1)) / len(phi) for phi in influence)
    pairs = np.array([2 / (n * (n - 1)), 2 / (m * (m - 1)), 4 / (n * m)])
    second = float(pairs @ [sums.real.interaction, sums.generated.interaction, sums.cross.interaction])
    null = result_of(0.0, np.sqrt(pairs.sum() * sums.real.interaction), min(n, m), "unbiased", {})
    return result_of(
        _value(sums),
        np.sqrt(total_variance(first, second)),
        min(n, m),
        f"unbiased MMD^2 of {extractor.name} features, cubic kernel",
        {**extractor.protocol, "kernel": "(x.y / D + 1)^3"},
        null=null,
        flags=tuple(f"all rows of {name} are equal" for name, one in rows.items() if (one == one[0]).all()),
    )


def recipe() -> MetricRecipe:
    """Return the recipe by which the metric is checked: N(0, I) against N(a 1, I) in four dimensions."""

    def truth(shift: float) -> float:
        def mean_kernel(first: float, second: float) -> float:  # of N(first 1, I) and N(second 1, I)
            inner, squares = 4 * first * second, 4 * (first**2 + second**2)
            square = 4 + squares + inner**2
            cube = inner**3 + 3 * inner * (squares + 4) + 6 * inner
            return 1 + 3 * inner / 4 + 3 * square / 16 + cube / 64

        return mean_kernel(0, 0) + mean_kernel(shift, shift) - 2 * mean_kernel(0, shift)

    def known() -> list[Known]:
        samples = {"real": np.array([[1.0], [-1.0]]), "generated": np.zeros((2, 1))}
        return [Known("two points about two equal ones", samples, {"": -1.0})]

    return MetricRecipe(make=kid_metric, truth=truth, translates=False, known=known)
