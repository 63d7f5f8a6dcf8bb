"""Compute density and coverage by balls of k-nearest neighbours, and their clipped and calibrated forms."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaln

from jgen.evaluation.metric import evaluate, keep_rows, result_of
from jgen.evaluation.neighbours.group_variance import (
    Reading,
    group_variance,
    null_readings,
    null_result,
    share_result,
    wilson_ends,
)
from jgen.evaluation.neighbours.nearest_neighbours import Neighbours, ball_counts, in_order, nearest, to_unit
from jgen.evaluation.neighbours.neighbour_checks import check_neighbours, flag_copies
from jgen.evaluation.neighbours.resolution import reading_of_halves, without_resolution
from jgen.evaluation.recipe import Known, MetricRecipe
from jgen.features import Extractor, raw
from jgen.types import Metric, Result

MOST = 4
"""Largest clipped coverage that is read: that of so many times as many good rows as there are."""


class DensityCoverage(NamedTuple):
    """Density and coverage.

    Attributes:
        density: Mean number of real balls around a generated row, over k.
        coverage: Share of real balls that hold a generated row.
        clipped_density: Density of which no row and no far ball makes up much, over that of the real rows.
        clipped_coverage: Share of good generated rows that would fill the real balls as much.
    """

    density: Result
    coverage: Result
    clipped_density: Result
    clipped_coverage: Result


def density_coverage(
    *, real: Any, generated: Any, k: int = 5, extractor: Extractor | None = None
) -> DensityCoverage:
    r"""Compute density and coverage, and the two clipped forms, of generated rows in real balls.

    With :math:`B_i` the ball of the real row i, which reaches to its k-th nearest real neighbour, and
    :math:`N_j = \#\{i: y_j \in B_i\}`, :math:`C_i = \#\{j: y_j \in B_i\}`,

    .. math:: density = \frac{1}{k m} \sum_j N_j, \quad coverage = \frac 1 n \sum_i 1[C_i > 0]

    For two samples of one continuous distribution the density is 1 on average, for every n, m and k, and the
    coverage is :math:`1 - \binom{n-1}{k} / \binom{n+m-1}{k}`. A few far real rows with wide balls, or many
    generated rows in one place, raise the density without limit. The clipped density takes radii of at most
    their median and :math:`\min(N_j / k, 1)`, over what the real rows, left out one by one, read.
    The clipped coverage is :math:`\frac 1 n \sum_i \min(C_i / k, 1)`, calibrated: the share s of good rows, m
    s drawn from the real distribution and the rest far off, for which that is its expectation, found from

    .. math:: P(C_i = c) = \binom{k-1+c}{c} \binom{n-1-k+m-c}{m-c} / \binom{n-1+m}{m}.

    Both read 1 for one distribution, and may read more by chance: they are not clipped at 1, which would
    make a perfect model read less on average.

    The 95 % intervals are of the expected density, the expected clipped density and the expected coverage at
    these n and m, and of the expected clipped coverage (the calibration of its expectation), with the
    variance of ``group_variance``; Wilson's for the two coverages. They say nothing
    of how far the supports overlap. Halves of the real rows with disjoint supports, cut by a hyperplane, are
    read as well: where one of the four numbers is more than half of its null there, it is flagged
    ``beyond_resolution``.

    The state keeps the features of all rows. Time grows with n m, memory is that of the features and of a
    million distances.

    Args:
        real: Real examples ``[n, *event]``.
        generated: Generated examples ``[m, *event]``.
        k: Number of neighbours.
        extractor: Function from examples to features; None for the rows themselves.

    Returns:
        The four, each with its null; 1 is the ceiling of the coverage.

    Raises:
        ValueError: For fewer than k + 2 rows of a sample, a ``k`` below 1, or features that are not finite.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = density_coverage(real=rng.normal(size=(200, 2)), generated=rng.normal(size=(100, 2)))
        >>> round(float(found.coverage.null.value), 4)
        0.8716

    Reference:
        Naeem et al. (2020), Reliable fidelity and diversity metrics for generative models, ICML; Salvy et al.
        (2025), Enhanced generative model evaluation with clipped density and coverage, NeurIPS.
    """
    return evaluate(density_coverage_metric(k=k, extractor=extractor), real=real, generated=generated)


def density_coverage_metric(*, k: int = 5, extractor: Extractor | None = None) -> Metric:
    """Return the metric of density and coverage; see ``density_coverage``."""
    extractor = extractor or raw()
    protocol = {**extractor.protocol, "k": k}

    def compute(rows: Any) -> DensityCoverage:
        check_neighbours(rows, k, "density_coverage")
        real, generated = map(in_order, to_unit(rows["real"], rows["generated"]))
        n, m = len(real), len(generated)
        balls = nearest(real, k)
        whole = _reading(k, balls, real, generated)
        statistic = partial(_reading_of_pair, k)
        variance, dof = group_variance(statistic, whole, real, generated, k + 2)
        nulls = null_readings(statistic, real, k + 2)
        halves = reading_of_halves(partial(_over_null, k), real) if n >= 2 * k + 4 else np.full(4, np.nan)
        method = f"balls of {k} nearest neighbours"

        def mean(index: int) -> Result:
            return result_of(whole.values[index], np.sqrt(variance[index]), m, method, protocol, dof)

        shares = [float(value) for value in whole.values]
        effect = float(nulls.effect[2])
        coverage = share_result(shares[2], float(variance[2]), n, dof, method, protocol, effect=effect)
        ends = wilson_ends(shares[3], float(variance[3]), np.inf, dof) if variance[3] > 0 else [np.nan] * 2
        calibrated = result_of(calibrate(shares[3], n, m, k), 0 * ends[0], n, method, protocol, dof)
        low, high = (calibrate(float(end), n, m, k) for end in ends)
        calibrated = calibrated._replace(low=low, high=high)
        slope = m * (expected_filling(n, m, k) - expected_filling(n, m - 1, k))
        errors = nulls.errors(min(n, m)) / [1, 1, 1, slope]
        truths = (1.0, 1.0, expected_coverage(n, m, k), 1.0)
        results = []
        for index, result in enumerate((mean(0), mean(1), coverage, calibrated)):
            result = result._replace(null=null_result(truths[index], errors[index], n, "closed form"))
            result = flag_copies(result, balls, "real")
            results.append(without_resolution(result, float(halves[index]), NAMES[index]))
        results[2] = results[2]._replace(ceiling=1.0)
        return DensityCoverage(results[0], results[2], results[1], results[3])

    return keep_rows(compute, extractor=extractor, larger_is_better=True)


def expected_coverage(n: int, m: int, k: int) -> float:
    r"""Compute the expected coverage of two samples of one distribution.

    .. math:: 1 - \binom{n-1}{k} / \binom{n+m-1}{k}

    Example:
        >>> round(expected_coverage(100, 100, 5), 8)
        0.97106972
    """
    return float(-np.expm1(_log_binomial(n - 1, k) - _log_binomial(n + m - 1, k)))


def expected_filling(n: int, m: int, k: int) -> float:
    r"""Compute the expected clipped coverage, before calibration, of two samples of one distribution.

    It is :math:`1 - \binom{2k}{k} / 4^k` in the limit of large n = m.

    Example:
        >>> round(expected_filling(10**7, 10**7, 3), 4)
        0.6875
    """
    c = np.arange(min(k, m + 1))
    log_prob = (
        _log_binomial(k - 1 + c, c) + _log_binomial(n - 1 - k + m - c, m - c) - _log_binomial(n - 1 + m, m)
    )
    return float(1 - ((1 - c / k) * np.exp(log_prob)).sum())


def calibrate(filling: float, n: int, m: int, k: int) -> Any:
    """Compute the share of m good rows that are expected to fill real balls by so much, up to ``MOST``.

    Example:
        >>> print(round(calibrate(expected_filling(100, 30, 5), 100, 60, 5), 12))
        0.5
    """
    if not np.isfinite(filling):
        return np.float64(filling)
    low, high = 0, MOST * m
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if expected_filling(n, middle, k) <= filling else (low, middle)
    ends = expected_filling(n, low, k), expected_filling(n, high, k)
    return np.float64(np.interp(filling, ends, (low / m, high / m)))


def _log_binomial(n: Any, k: Any) -> Any:
    return gammaln(np.asarray(n) + 1.0) - gammaln(np.asarray(k) + 1.0) - gammaln(np.asarray(n) - k + 1.0)


NAMES = ("density", "clipped density", "coverage", "clipped coverage")


def _reading(k: int, balls: Neighbours, real: np.ndarray, generated: np.ndarray) -> Reading:
    """Compute density, clipped density, coverage, clipped coverage before calibration."""
    radii = balls.squared[:, -1]
    clipped = np.minimum(radii, np.median(radii))
    counts = ball_counts(real, np.stack([radii, clipped]), generated)
    if balls.num_balls.sum() == balls.indices.size:  # no ties: each ball holds its k neighbours and no other
        own = np.bincount(balls.indices[balls.squared <= np.median(radii)], minlength=len(real))
    else:
        own = ball_counts(real, clipped[None], real).by_point[0] - 1  # without the row itself
    whole = np.minimum(own / k, 1).mean()
    by_row = np.stack([counts.by_point[0] / k, np.minimum(counts.by_point[1] / k, 1) / whole])  # [2, m]
    in_balls = counts.by_centre[0]
    values = [*by_row.mean(1), (in_balls > 0).mean(), np.minimum(in_balls / k, 1).mean()]
    return Reading(np.array(values), np.array([*by_row.var(1, ddof=1) / by_row.shape[1], 0.0, 0.0]))


def _reading_of_pair(k: int, real: np.ndarray, generated: np.ndarray) -> Reading:
    return _reading(k, nearest(real, k), real, generated)


def _over_null(k: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Compute the four numbers of one half in the balls of the other, each over its null."""
    density, clipped, coverage, filling = _reading_of_pair(k, x, y).values
    n, m = len(x), len(y)
    share = float(calibrate(filling, n, m, k))
    return np.array([density, clipped, coverage / expected_coverage(n, m, k), share])


def _known() -> list[Known]:
    """Return a generator that makes one real row over and over: it is in the balls of nine rows of 20.

    The ball of row 2 has radius 3, the distance of the fifth neighbour, and just reaches the generated 5.
    """
    real = np.arange(20.0)[:, None]
    samples = {"real": real, "generated": 5.0 + real / 1024}
    return [Known("a collapsed generator", samples, {"coverage": 9 / 20})]


def recipe() -> MetricRecipe:
    """Return the recipe by which ``check_metric`` checks it."""
    return MetricRecipe(
        density_coverage_metric, fewest=7, unit_power=0.0, of_itself={"coverage": 1.0}, known=_known
    )
