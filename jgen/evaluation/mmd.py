"""Estimate the squared maximum mean discrepancy of two samples under a Gaussian kernel."""

from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen.evaluation.distances import median_distance
from jgen.evaluation.metric import Rows, evaluate, keep_rows
from jgen.evaluation.recipe import MetricRecipe
from jgen.evaluation.u_statistic import (
    check_sizes,
    distance_result,
    permutation_p_value,
    u_statistic,
)
from jgen.features import Extractor, raw
from jgen.types import Metric, Result

KERNEL = "exp(-r^2 / 2 l^2)"


class MMD(NamedTuple):
    """Squared maximum mean discrepancy, and the p-value of one distribution.

    Attributes:
        squared: Unbiased estimate; it may be below 0.
        p_value: Of the permutation test.
    """

    squared: Result
    p_value: Result


def mmd(
    *,
    real: ArrayLike,
    generated: ArrayLike,
    length: float | None = None,
    num_permutations: int = 199,
    seed: int = 0,
    extractor: Extractor | None = None,
) -> MMD:
    r"""Estimate the squared maximum mean discrepancy (MMD) without bias, with a permutation p-value.

    .. math:: MMD^2 = E\,k(x, x') + E\,k(y, y') - 2 E\,k(x, y), \qquad k = \exp(-r^2 / 2 l^2)

    The interval is one of the MMD of the two distributions, at this length. Its variance includes the second
    order, which is all there is where the distributions are equal (``jgen.evaluation.u_statistic``).

    Args:
        real: Rows ``[n, *event]``, four or more.
        generated: Rows ``[m, *event]``, four or more.
        length: l, in units of the features. None for the median distance of two real rows, which is the same
            for all models that are compared with these; results of different lengths do not compare.
        num_permutations: B; the least p-value is 1 / (1 + B).
        seed: Of the permutations.
        extractor: Function from examples to features; None for the rows themselves.

    Returns:
        ``squared``, with null 0 and the variance that it has for real rows; and ``p_value``, exact where
        both samples come from one distribution. Without a stated length the test takes the median of the
        pooled rows, as a length that depends on the labels would make it inexact.

    Raises:
        ValueError: For fewer rows, NaN, a length of 0 (half of the real pairs are equal), or rows that do not
            fit each other.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> same = mmd(real=rng.normal(size=(200, 2)), generated=rng.normal(size=(300, 2)), length=1.0)
        >>> bool(same.squared.low < 0 < same.squared.high), "beyond_resolution" in same.squared.flags
        (True, True)
        >>> other = mmd(real=rng.normal(size=(200, 1)), generated=rng.normal(1.0, size=(300, 1)), length=1.0)
        >>> bool(other.squared.low < 0.17726763 < other.squared.high), float(other.p_value.value)
        (True, 0.005)

    Reference:
        Gretton et al. (2012), A kernel two-sample test, JMLR 13.
    """
    options: dict[str, Any] = {"num_permutations": num_permutations, "seed": seed, "extractor": extractor}
    metric = mmd_metric(length=length, **options)
    computed: MMD = evaluate(metric, real=real, generated=generated)
    return computed


def mmd_metric(
    *,
    length: float | None = None,
    num_permutations: int = 199,
    seed: int = 0,
    extractor: Extractor | None = None,
) -> Metric:
    """Return the metric of ``mmd``; its state keeps the features of all rows.

    Time grows with (n + m)^2, memory does not: the kernel's matrix is made in blocks of 32 MiB. The influence
    is of first order: between equal distributions it doubles the variance.
    """
    extractor = extractor or raw()
    if length is not None and not 0 < length < np.inf:
        raise ValueError(f"length must be above 0 and finite; got {length}")
    if num_permutations < 1:
        raise ValueError(f"num_permutations must be 1 or more; got {num_permutations}")
    protocol = {**extractor.protocol, "kernel": KERNEL}
    return keep_rows(
        Partial(_compute, length, num_permutations, seed, protocol),
        extractor=extractor,
        influence=Partial(_influence, length),
    )


def gaussian_kernel(length: float, squared: np.ndarray) -> np.ndarray:
    """Compute the kernel of squared distances."""
    return np.exp(squared * (-0.5 / length**2))


def _median(name: str, rows: np.ndarray) -> float:
    length = median_distance(rows.astype(np.float64))
    if length == 0:
        raise ValueError(
            f"half of the pairs of {name} rows are equal, so their median distance is 0 and no length "
            "follows: state length="
        )
    return length


def _compute(length: float | None, num_permutations: int, seed: int, protocol: dict, rows: Rows) -> MMD:
    real, generated = rows["real"], rows["generated"]
    check_sizes("mmd", real, generated)
    own = _median("real", real) if length is None else length
    pooled = _median("pooled", np.concatenate([real, generated])) if length is None else length
    statistic = u_statistic(Partial(gaussian_kernel, own), real, generated)
    size = min(len(real), len(generated))
    return MMD(
        distance_result(statistic, size, "unbiased MMD^2", {**protocol, "length": own}),
        permutation_p_value(
            Partial(gaussian_kernel, pooled),
            real,
            generated,
            num_permutations=num_permutations,
            seed=seed,
            protocol={**protocol, "length": pooled, "test": "permutation of MMD^2"},
        ),
    )


def _influence(length: float | None, rows: Rows) -> MMD:
    real, generated = rows["real"], rows["generated"]
    check_sizes("mmd", real, generated)
    own = _median("real", real) if length is None else length
    return MMD._make([u_statistic(Partial(gaussian_kernel, own), real, generated).influence, None])


def recipe() -> MetricRecipe:
    """Return the recipe for the checks."""

    def truth(shift: float, dim: int = 4) -> float:
        return 2 * 3 ** (-dim / 2) * (1 - float(np.exp(-dim * shift**2 / 6)))

    return MetricRecipe(
        make=lambda: mmd_metric(length=1.0, num_permutations=19),
        truth=truth,
        fewest=4,
        is_stochastic=True,
    )
