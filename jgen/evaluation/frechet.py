"""Compute the Frechet distance of two samples of features: plain and debiased, with intervals."""

from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial

from jgen.evaluation.feature_moments import Moments, check_moments
from jgen.evaluation.frechet_groups import Sample, sample_of_moments, sample_of_rows
from jgen.evaluation.frechet_null import bias, null_variance, null_variance_of_rows
from jgen.evaluation.gaussian_transport import (
    distance,
    gaussian_influence_variance,
    influences,
    positive_part,
    quick_distance,
    transport_maps,
)
from jgen.evaluation.metric import Rows, evaluate, keep_rows, result_of
from jgen.evaluation.recipe import Known, MetricRecipe
from jgen.evaluation.second_order import total_variance
from jgen.features import Extractor, raw
from jgen.types import Influence, Metric, Result

INCEPTION = "inception-v3"
"""Name of the only extractor whose Frechet distance is called FID."""
ENOUGH = 4000
"""Rows from whose influence the variance is estimated: its root then errs by some 3 %."""
MOST_PAIRED, PAIR_COST = 200, 2e7
"""Rows whose pairs make the variance of second order, at most, and products that they may take."""
COPIES = 6.0
"""Standard deviations below the null from which samples are said to share rows."""


class Frechet(NamedTuple):
    """Frechet distance of two samples, plain and debiased; of ``influence``, two ``Influence``s.

    Attributes:
        plain: The distance of the Gaussians with the samples' moments, never negative; biased upwards. Its
            interval is one of its own expectation at these n and m.
        debiased: The same less its bias. Its interval is one of the distance of the distributions; both may
            be negative where that is small.
    """

    plain: Result | Any
    debiased: Result | Any


def frechet(
    *,
    real: Any,
    generated: Any,
    extractor: Extractor | None = None,
    num_groups: int = 4,
) -> Frechet:
    r"""Compute the Frechet distance of features, plain and debiased; FID if they are Inception's.

    .. math:: F = |m_1 - m_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^{1/2}), \qquad
              F_{debiased} = K F - (K - 1) \frac 1 K \sum_k F_{-k}

    Covariances are over n - 1, in float64. :math:`F_{-k}` leaves out the k-th of K random groups of both
    samples at once, which removes the bias of first order, that of the pairs of rows in one group; at 512
    dimensions and 1,000 rows it leaves less than 1 % of the plain value of two samples of one distribution.
    Groups depend on the values of the rows, not on their order.

    The interval of the plain value is one of the expectation of the plain value at these n and m, as its
    bias depends on them; that of the debiased one is an interval of the distance of the distributions. Both
    are made by the infinitesimal jackknife (the influence of each row, from the optimal transport map),
    plus the variance of second order, from pairs of real rows, which is all there is between samples of one
    distribution. The null of the plain value is that of two parts of the real rows, scaled by
    :math:`1/n + 1/m`; for statistics, the closed form of Gaussian features.

    The state keeps the features of both samples, in the type that the extractor returns.

    Args:
        real: Examples ``[n, *event]``; or ``Moments`` of features, as ``load_statistics`` reads them.
        generated: Examples ``[m, *event]``.
        extractor: Function from examples to features; None for the values themselves. Published statistics
            must be of the features of the same extractor.
        num_groups: K. Between samples of one distribution the variance of the debiased value is
            K / (K - 1) of that which the bias, if it were known, would leave.

    Returns:
        Both Results. Of published statistics the real share of variance and bias are those of Gaussian
        features. Values of ``plain`` at different n or m refuse to be compared.

    Raises:
        ValueError: For fewer than two rows of a sample, NaN or infinite features, or different dimensions.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = frechet(real=rng.normal(size=(500, 8)), generated=rng.normal(size=(400, 8)) + 1)
        >>> bool(found.debiased.low < 8 < found.debiased.high), bool(found.plain.value > found.debiased.value)
        (True, True)

    Reference:
        Dowson and Landau (1982), Journal of Multivariate Analysis 12; Heusel et al. (2017), GANs trained by a
        two time-scale update rule; Chong and Forsyth (2020), Effectively unbiased FID.
    """
    if isinstance(generated, Moments):
        raise ValueError("generated takes examples; moments stand for the real ones alone")
    if isinstance(real, Moments):
        metric = frechet_metric(extractor=extractor, statistics=real, num_groups=num_groups)
        return evaluate(metric, generated=generated)
    return evaluate(
        frechet_metric(extractor=extractor, num_groups=num_groups), real=real, generated=generated
    )


def frechet_metric(
    *, extractor: Extractor | None = None, statistics: Moments | None = None, num_groups: int = 4
) -> Metric:
    """Return the metric of ``frechet``; its state keeps the features.

    Args:
        extractor: Function from examples to features; None for the values themselves.
        statistics: Moments that stand for the real sample; the metric then takes ``generated=`` alone.
        num_groups: As in ``frechet``.

    Raises:
        ValueError: For statistics that are no moments, or fewer than two groups.
    """
    if num_groups < 2:
        raise ValueError(f"num_groups must be at least 2; got {num_groups}")
    extractor = extractor or raw()
    known = None if statistics is None else check_moments(statistics)
    names = ("real", "generated") if known is None else ("generated",)
    return keep_rows(
        Partial(_compute, extractor, known, num_groups),
        names=names,
        extractor=extractor,
        influence=Partial(_influence, known, num_groups),
    )


def _samples(rows: Rows, known: Moments | None, num_groups: int) -> tuple[Sample, Sample]:
    for name, one in rows.items():
        if len(one) < 2:
            raise ValueError(f"a covariance takes two rows or more; {name} has {len(one)}")
    generated = sample_of_rows(rows["generated"], num_groups)
    if known is None:
        return sample_of_rows(rows["real"], num_groups), generated
    if known.mean.size != generated.whole.mean.size:
        raise ValueError(
            f"statistics of {known.mean.size} features do not fit a sample of {generated.whole.mean.size}: "
            "they must be those of the same extractor"
        )
    return sample_of_moments(known, num_groups), generated


def _compute(extractor: Extractor, known: Moments | None, num_groups: int, rows: Rows) -> Frechet:
    real, generated = _samples(rows, known, num_groups)
    n, m, total = real.whole.n, generated.whole.n, 1 / real.whole.n + 1 / generated.whole.n
    value, debiased = _values(real, generated)
    per_size, eigenvalues = _null_variance(real)
    second = per_size * total**2
    by_groups = num_groups / (
        num_groups - 1
    )  # variance of second order of the debiased value over ``second``
    first = _first_order(real, generated)
    method = "FID" if extractor.name == INCEPTION else f"Frechet distance of {extractor.name} features"
    if known is not None:
        method += ", real statistics taken for those of Gaussian features"
    flags = _flags(real, generated)
    null, null_method = _null(real, generated, eigenvalues)
    null_error = np.sqrt(2 * second)  # of a reading and, where it is itself one, of the null
    plain = result_of(
        value,
        np.sqrt(total_variance(first, second)),
        min(n, m),
        method,
        {**extractor.protocol, "rows": (n, m)},
        null=result_of(null, null_error, min(n, m), null_method, {}),
        flags=flags,
    )
    if value < max(null - COPIES * null_error, 1e-6 * null):
        copies = "two independent samples of one distribution read more: these may share rows"
        plain = plain._replace(flags=(*plain.flags, copies))
    error = np.sqrt(total_variance(first, second, by_groups))
    if not np.isfinite(debiased):
        flags = (
            *flags,
            f"debiasing takes {2 * num_groups} rows or more, and more than features of statistics",
        )
    if min(n, m) <= real.whole.mean.size or not np.isfinite(debiased):
        error = np.nan
    corrected = result_of(
        debiased,
        error,
        min(n, m),
        f"debiased {method}",
        {**extractor.protocol, "num_groups": num_groups},
        null=result_of(0.0, np.sqrt(second * by_groups), min(n, m), "unbiased to first order", {}),
        flags=flags,
    )
    return Frechet(plain, corrected)


def _values(real: Sample, generated: Sample) -> tuple[float, float]:
    """Compute the plain and the debiased value."""
    value = distance(real.whole, generated.whole)
    num_groups = min(len(real.sizes), len(generated.sizes))
    if num_groups == 0:
        return value, np.nan
    reduced, shares = 0.0, 0.0
    for number in range(num_groups):
        ours, theirs = real.without(number), generated.without(number)
        reduced += quick_distance(ours, theirs) / num_groups
        shares += (1 / ours.n + 1 / theirs.n) / num_groups
    rise = shares / (1 / real.whole.n + 1 / generated.whole.n) - 1  # of the bias, relative
    return value, value - (reduced - value) / rise


def _null_variance(real: Sample) -> tuple[float, np.ndarray]:
    """Compute the null_variance of the null, and the eigenvalues of the real covariance ``[rank]``."""
    factor, rows = real.whole.factor, real.rows
    if rows is None or not real.groups or len(rows) <= rows.shape[1]:
        gram = factor @ factor.T if factor.shape[0] <= factor.shape[1] else factor.T @ factor
        eigenvalues = np.maximum(np.linalg.eigvalsh(gram), 0.0)
        return null_variance(eigenvalues), eigenvalues
    eigenvalues, vectors = np.linalg.eigh(factor @ factor.T)
    eigenvalues = positive_part(eigenvalues)
    pairs = max(len(rows) / 20, PAIR_COST / rows.shape[1] ** 2)
    size = int(min(np.sqrt(2 * pairs) + 1, MOST_PAIRED, len(rows)))
    some = real.some_rows(size)[:size] - real.whole.mean
    return null_variance_of_rows(some, eigenvalues, vectors), eigenvalues


def _first_order(real: Sample, generated: Sample) -> float:
    """Compute the variance of the value by the influence of its rows, of so many as are enough."""
    there, back = transport_maps(real.whole, generated.whole)
    variance = 0.0
    for one, other, transport in ((real, generated, there), (generated, real, back)):
        if one.rows is None:
            of_row = gaussian_influence_variance(one.whole, other.whole, transport)
        else:
            some = one.some_rows(ENOUGH)[:ENOUGH]
            of_row = float(influences(some, one.whole, other.whole, transport).var(ddof=1))
        variance += of_row / one.whole.n
    return variance


def _influence(known: Moments | None, num_groups: int, rows: Rows) -> Frechet:
    real, generated = _samples(rows, known, num_groups)
    there, back = transport_maps(real.whole, generated.whole)
    by_sample = {
        name: influences(one.rows, one.whole, other.whole, transport)
        for name, one, other, transport in (
            ("real", real, generated, there),
            ("generated", generated, real, back),
        )
        if one.rows is not None
    }
    return Frechet(*(Influence(value, by_sample) for value in _values(real, generated)))


def _null(real: Sample, generated: Sample, eigenvalues: np.ndarray) -> tuple[float, str]:
    """Compute what the plain value reads for two samples of the real distribution, and how."""
    n, m, num_groups = real.whole.n, generated.whole.n, len(real.sizes)
    if real.rows is None or num_groups == 0:
        return bias(eigenvalues, n, m), "closed form of Gaussian features, first order"
    half = num_groups // 2
    first, second = real.part(list(range(half))), real.part(list(range(half, num_groups)))
    scale = (1 / n + 1 / m) / (1 / first.n + 1 / second.n)
    return scale * quick_distance(first, second), "two parts of the real rows, scaled to these sizes"


def _flags(real: Sample, generated: Sample) -> tuple[str, ...]:
    """List what is wrong with the samples."""
    flags = []
    for name, one in (("real", real), ("generated", generated)):
        dim, size = one.whole.mean.size, one.whole.n
        if size <= dim:
            flags.append(
                f"covariances are singular: {size} rows of {name} in {dim} dimensions; the bias is not of "
                "first order, and debiasing leaves a large part of it"
            )
        if not one.whole.factor.any():
            flags.append(f"all rows of {name} are equal")
    return tuple(flags)


def recipe() -> MetricRecipe:
    """Return the recipe by which the metric is checked: the plain value, at its expected bias."""

    def expectation(n: int, m: int, shift: float) -> float:
        return 4 * shift**2 + bias(np.ones(4), n, m)

    def known() -> list[Known]:
        square = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]])
        return [Known("a square", {"real": square, "generated": 2 * square + 1}, {"plain": 32 / 3})]

    return MetricRecipe(
        make=frechet_metric,
        expectation=expectation,
        unit_power=2.0,
        of_itself={"plain": 0.0},
        known=known,
    )
