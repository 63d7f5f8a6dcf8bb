"""Estimate variances of statistics of nearest neighbours from groups of rows, and intervals of shares."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtrit

from jgen.evaluation.metric import result_of
from jgen.evaluation.nearest_neighbours import generator_of
from jgen.types import Result

GROUP_SIZE = 500
FEWEST = 20
DEGREES = 20
"""Degrees of freedom of the variance: partitions times groups less one."""


class Reading(NamedTuple):
    """Several numbers of one pair of samples.

    Attributes:
        values: ``[number]``.
        conditional: Variance of each, given one of the samples, of which the rows of the other are averaged;
            0 where it is no such average ``[number]``.
    """

    values: np.ndarray
    conditional: np.ndarray


Statistic = Callable[[np.ndarray, np.ndarray], Reading]
"""``statistic(real [n, dim], generated [m, dim])``."""


class GroupVariance(NamedTuple):
    """Variances and the degrees of freedom of their estimates.

    Attributes:
        variance: ``[number]``; NaN where the samples are too small for groups.
        dof: Of each.
    """

    variance: np.ndarray
    dof: float


def group_variance(
    statistic: Statistic, whole: Reading, real: np.ndarray, generated: np.ndarray, fewest: int
) -> GroupVariance:
    r"""Estimate the variance of statistics of nearest neighbours from disjoint groups of the rows.

    Most of the variance of such a statistic comes from how a few near rows happen to lie (its Hoeffding terms
    of second and higher order are as large as the first), which a jackknife that leaves rows out overstates
    by their order, and a bootstrap, which ties rows, distorts. Disjoint groups are independent pairs of
    samples. Let :math:`V_b` be the variance of the values of B groups, and :math:`c` the variance given one
    sample, which an average over the rows of the other gives without groups; then

    .. math:: Var(\theta) = c(n, m) + \max(0, E V_b - E c_b) / B,

    as variances of local statistics fall as 1/n. Groups have about 500 rows each, or half of the rows, and
    several random partitions are averaged. As these have their rows in common, only half of their degrees of
    freedom count (by simulation: with all of them intervals of recall in four dimensions cover 91 %).

    Args:
        statistic: The statistic.
        whole: Its reading of all rows.
        real: ``[n, dim]``.
        generated: ``[m, dim]``.
        fewest: Fewest rows that the statistic takes.

    Returns:
        The variances.

    Reference:
        Efron and Stein (1981), The jackknife estimate of variance; Politis, Romano and Wolf (1999),
        Subsampling, chapter 2.
    """
    smaller = min(len(real), len(generated))
    num_groups = max(2, smaller // GROUP_SIZE)
    num_partitions = -(-DEGREES // (num_groups - 1))
    if smaller < 2 * fewest:
        return GroupVariance(np.full(len(whole.values), np.nan), 1.0)
    rng = generator_of(real)
    excess = []
    for _ in range(num_partitions):
        parts = [
            np.array_split(sample[rng.permutation(len(sample))], num_groups) for sample in (real, generated)
        ]
        readings = [statistic(*pair) for pair in zip(*parts, strict=True)]
        between = np.var([one.values for one in readings], axis=0, ddof=1)
        excess.append(between - np.mean([one.conditional for one in readings], axis=0))
    variance = whole.conditional + np.maximum(np.mean(excess, axis=0), 0) / num_groups
    return GroupVariance(variance, num_partitions * (num_groups - 1) / 2)


class NullReadings(NamedTuple):
    """Readings of a statistic for random halves of the real rows.

    Attributes:
        mean: ``[number]``.
        variance: Of readings of samples of one row each, by 1/n ``[number]``; NaN for too few rows.
    """

    mean: np.ndarray
    variance: np.ndarray

    def errors(self, size: int) -> np.ndarray:
        """Return the standard deviations of readings of samples of ``size`` rows ``[number]``."""
        return np.sqrt(self.variance / size)

    @property
    def effect(self) -> np.ndarray:
        """Variance of a share over that of a share of independent rows, at least 1 ``[number]``."""
        own = np.maximum(self.mean * (1 - self.mean), 1e-12)
        return np.fmax(self.variance / own, 1.0)


def null_readings(statistic: Statistic, real: np.ndarray, fewest: int) -> NullReadings:
    """Read a statistic for 20 pairs of random halves of (at most 1,000 of) the real rows.

    Args:
        statistic: The statistic.
        real: ``[n, dim]``.
        fewest: Fewest rows that the statistic takes.
    """
    rng = generator_of(real)
    half = min(GROUP_SIZE, len(real) // 2)
    if half < fewest:
        missing = np.full(len(statistic(real, real).values), np.nan)
        return NullReadings(missing, missing)
    readings = []
    for _ in range(DEGREES):
        order = rng.permutation(len(real))
        readings.append(statistic(real[order[:half]], real[order[half : 2 * half]]).values)
    return NullReadings(np.mean(readings, axis=0), np.var(readings, axis=0, ddof=1) * half)


def null_result(value: float, error: float, n: int, method: str) -> Result:
    """Make the null of a metric: NaN ends, without a flag, where the error is not known."""
    return result_of(value, error, n, method, {})._replace(flags=())


def share_result(
    share: float,
    variance: float,
    size: int,
    dof: float,
    method: str,
    protocol: Mapping[str, Any],
    *,
    effect: float = 1.0,
) -> Result:
    r"""Make the Result of a share of dependent rows, with Wilson's interval.

    Its sample size is that at which independent rows have the variance, N = p (1 - p) / V, at most ``size``.
    Where one side of the share has fewer than 20 rows, of which a variance is not well known, it is at most
    ``size / effect``.

    Args:
        share: p, between 0 and 1.
        variance: V, of the share.
        size: Number of rows.
        dof: Of the variance; the quantile is Student's.
        method: How it was found.
        protocol: What must agree before it may be compared.
        effect: Variance over that of independent rows, of readings of one distribution.

    Example:
        >>> result = share_result(0.5, 0.25 / 100, 100, float("inf"), "a share", {})
        >>> print(f"{result.low:.3f} {result.high:.3f}")
        0.404 0.596

    Reference:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if not np.isfinite(variance):
        return result_of(share, np.nan, size, method, protocol)
    is_rare = size * min(share, 1 - share) < FEWEST
    most = size / effect if is_rare else size
    low, high = wilson_ends(share, variance, most, dof)
    return result_of(share, np.sqrt(variance), size, method, protocol, dof)._replace(low=low, high=high)


def wilson_ends(mean: float, variance: float, most: float, dof: float) -> Any:
    """Compute the ends of Wilson's interval for a mean of values from 0 to 1, of a known variance.

    Args:
        mean: Between 0 and 1.
        variance: Of the mean.
        most: Largest effective sample size.
        dof: Of the variance.
    """
    own = mean * (1 - mean)
    size = min(most, own / variance) if own > 0 < variance else most
    t = float(stdtrit(dof, 0.975))
    middle = (mean + t**2 / (2 * size)) / (1 + t**2 / size)
    half = t / (1 + t**2 / size) * np.sqrt(own / size + t**2 / (4 * size**2))
    return np.clip(np.array([middle - half, middle + half]), 0.0, 1.0)
