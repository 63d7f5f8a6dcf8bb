"""Compute the two-sample U-statistic of a kernel, its variance, and its permutation p-value, in blocks."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from jgen.evaluation.distances import canonical_order, distance_blocks
from jgen.evaluation.interval_result import interval_result
from jgen.evaluation.metric import beyond_resolution
from jgen.evaluation.quadratic_interval import quadratic_interval
from jgen.types import NORMAL_95, Influence, Result

Kernel = Callable[[np.ndarray], np.ndarray]
"""Function of squared distances, elementwise."""
FEWEST = 4


class UStatistic(NamedTuple):
    r"""U-statistic :math:`E k(x, x') + E k(y, y') - 2 E k(x, y)` and what its error is made of.

    Attributes:
        value: Mean of the kernel over pairs of two rows.
        plain: The same with pairs of a row with itself, biased up.
        first_order: Variance by the influence, which has noise of the second order in it.
        second_order: Variance that is left where the distributions are equal.
        slope: Variance of a small value over the value, of smooth differences (``quadratic_interval``).
        null_variance: Variance if both samples came from the distribution of the real rows.
        influence: Of each row, first order.
    """

    value: float
    plain: float
    first_order: float
    second_order: float
    slope: float
    null_variance: float
    influence: Influence


def check_sizes(name: str, real: np.ndarray, generated: np.ndarray) -> None:
    """Check that both samples have four rows, the fewest from which the variance is known."""
    if min(len(real), len(generated)) < FEWEST:
        raise ValueError(
            f"{name} takes {FEWEST} rows of each sample or more, as its error needs; got {len(real)} real "
            f"and {len(generated)} generated"
        )


def u_statistic(kernel: Kernel, real: np.ndarray, generated: np.ndarray) -> UStatistic:
    r"""Compute the statistic and the two orders of its variance.

    By Hoeffding's decomposition the variance is, exactly,

    .. math:: \frac{4 \sigma_x^2}{n} + \frac{4 \sigma_y^2}{m} + \frac{2 \tau_{xx}}{n (n - 1)}
        + \frac{2 \tau_{yy}}{m (m - 1)} + \frac{4 \tau_{xy}}{n m}

    where :math:`\sigma_x^2 = Var_x (E k(x, x') - E k(x, y))` and the :math:`\tau` are mean squares of the
    kernel less its row and column means, which U-centred matrices estimate without bias. Only the last three
    terms are left where both samples come from one distribution.

    Args:
        kernel: Of squared distances.
        real: ``[n, dim]``, four or more.
        generated: ``[m, dim]``, four or more.

    Reference:
        Hoeffding (1948), A class of statistics with asymptotically normal distribution; Szekely and Rizzo
        (2014), Partial distance correlation, for U-centring; Gretton et al. (2012), A kernel two-sample test.
    """
    n, m = len(real), len(generated)
    real, generated = real.astype(np.float64), generated.astype(np.float64)
    within_real, within_generated = _within_sums(kernel, real), _within_sums(kernel, generated)
    across_real, across_generated, tau_across = _across(kernel, real, generated)
    mean_real = within_real.sum() / (n * (n - 1))
    mean_generated = within_generated.sum() / (m * (m - 1))
    value = float(mean_real + mean_generated - 2 * across_real.sum() / (n * m))
    of_self = float(kernel(np.zeros(1))[0])
    plain = value + (of_self - mean_real) / n + (of_self - mean_generated) / m
    by_sample = {
        "real": _influence(within_real, across_real, m),
        "generated": _influence(within_generated, across_generated, n),
    }
    tau_real, quotient_real = _within_square(kernel, real, within_real, by_sample["real"])
    tau_generated, quotient_generated = _within_square(
        kernel, generated, within_generated, by_sample["generated"]
    )
    return UStatistic(
        value,
        float(plain),
        first_order=float(sum(one.var(ddof=1) / len(one) for one in by_sample.values())),
        second_order=2 * tau_real / (n * (n - 1))
        + 2 * tau_generated / (m * (m - 1))
        + 4 * tau_across / (n * m),
        slope=4 * max(0.0, quotient_real / n + quotient_generated / m),
        null_variance=tau_real * (2 / (n * (n - 1)) + 2 / (m * (m - 1)) + 4 / (n * m)),
        influence=Influence(value, by_sample),
    )


def _influence(within: np.ndarray, across: np.ndarray, other: int) -> np.ndarray:
    influence = 2 * (within / (len(within) - 1) - across / other)
    return influence - influence.mean()


def _within_blocks(kernel: Kernel, rows: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield blocks of the kernel's matrix of one sample, 0 on its diagonal: pairs are of two rows."""
    for block, squared in distance_blocks(rows, rows):
        values = kernel(squared)
        values[np.arange(len(values)), np.arange(block.start, block.stop)] = 0.0
        yield block, values


def _within_sums(kernel: Kernel, rows: np.ndarray) -> np.ndarray:
    """Compute sums of the kernel over the other rows of one sample ``[row]``."""
    sums = np.empty(len(rows))
    for block, values in _within_blocks(kernel, rows):
        sums[block] = values.sum(1)
    return sums


def _within_square(
    kernel: Kernel, rows: np.ndarray, sums: np.ndarray, influence: np.ndarray
) -> tuple[float, float]:
    """Compute the mean square of the U-centred kernel, and its Rayleigh quotient at the influence."""
    n, square, quadratic = len(rows), 0.0, 0.0
    total = sums.sum() / ((n - 1) * (n - 2))
    for block, values in _within_blocks(kernel, rows):
        values -= sums[block, None] / (n - 2) + sums / (n - 2) - total
        values[np.arange(len(values)), np.arange(block.start, block.stop)] = 0.0
        square += np.vdot(values, values)
        quadratic += influence[block] @ (values @ influence)
    norm = influence @ influence
    return float(square / (n * (n - 3))), float(quadratic / (n * norm)) if norm > 0 else 0.0


def _across(kernel: Kernel, real: np.ndarray, generated: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Compute sums over the other sample, ``[n]`` and ``[m]``, and the mean square of the centred kernel."""
    n, m = len(real), len(generated)
    of_real, of_generated, square = np.empty(n), np.zeros(m), 0.0
    for block, squared in distance_blocks(real, generated):
        values = kernel(squared)
        of_real[block] = values.sum(1)
        of_generated += values.sum(0)
    mean = of_real.sum() / (n * m)
    for block, squared in distance_blocks(real, generated):
        values = kernel(squared) - (of_real[block, None] / m + of_generated / n - mean)
        square += np.vdot(values, values)
    return of_real, of_generated, float(square / ((n - 1) * (m - 1)))


def distance_result(statistic: UStatistic, n: int, method: str, protocol: dict[str, object]) -> Result:
    """Make the result of the statistic, with its null, and flag what a perfect model may read."""
    half = NORMAL_95 * statistic.null_variance**0.5
    null = interval_result(0.0, -half, half, n, "unbiased; variance of the real rows", {})
    ends = quadratic_interval(*statistic[:5])
    result = interval_result(statistic.value, *ends, n, method, protocol, null=null)
    if abs(statistic.value) > half:
        return result
    return beyond_resolution(result, "a perfect model reads as much at these sizes in 19 of 20 cases")


def permutation_p_value(
    kernel: Kernel,
    real: np.ndarray,
    generated: np.ndarray,
    *,
    num_permutations: int,
    seed: int,
    protocol: dict[str, object],
) -> Result:
    r"""Compute the p-value :math:`(1 + \#\{S_b \ge S\}) / (1 + B)` over permutations of the pooled rows.

    For two samples of one distribution it is at most p with probability p or less, at any size. The kernel
    must not depend on which rows are real. The matrix of the kernel is never stored: a block of it is
    multiplied by the labels of all permutations.

    Args:
        kernel: Of squared distances.
        real: ``[n, dim]``.
        generated: ``[m, dim]``.
        num_permutations: B.
        seed: Of the permutations.
        protocol: Of the p-value; B is added.

    Returns:
        A Result whose interval is the exact one (Clopper and Pearson) of the share of all permutations.

    Reference:
        Phipson and Smyth (2010), Permutation p-values should never be zero.
    """
    rows = np.concatenate([real, generated]).astype(np.float64)
    order, n, m = canonical_order(rows), len(real), len(generated)
    rows, size = rows[order], n + m
    rng = np.random.default_rng(seed)
    labels = np.empty((size, num_permutations + 1))  # [row, labelling], 1 for real; the first is the true one
    labels[:, 0] = order < n
    for column in range(1, num_permutations + 1):
        labels[:, column] = rng.permutation(size) < n
    both, one, total = np.zeros(num_permutations + 1), np.zeros(num_permutations + 1), 0.0
    for block, values in _within_blocks(kernel, rows):
        both += (labels[block] * (values @ labels)).sum(0)  # pairs of two real rows
        one += values.sum(1) @ labels[block]  # pairs whose first row is real
        total += values.sum()
    readings = both / (n * (n - 1)) + (total - 2 * one + both) / (m * (m - 1)) - 2 * (one - both) / (n * m)
    rounding = 1e-12 * abs(total) / (size * (size - 1))
    return p_value_result(int((readings[1:] >= readings[0] - rounding).sum()), num_permutations, protocol)


def p_value_result(count: int, num_permutations: int, protocol: dict[str, object]) -> Result:
    """Make the result of a p-value from how many permutations read as much as the samples."""
    from scipy.stats import binomtest

    ends = binomtest(count, num_permutations).proportion_ci(0.95, method="exact")
    value = (1 + count) / (1 + num_permutations)
    null = interval_result(0.5, 0.025, 0.975, num_permutations, "uniform", {})
    method = f"{num_permutations} permutations"
    protocol = {**protocol, "permutations": num_permutations}
    return interval_result(value, ends.low, ends.high, num_permutations, method, protocol, null=null)
