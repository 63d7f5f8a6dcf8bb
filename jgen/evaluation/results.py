"""Compute results with intervals from per-example values, and compare results of one protocol."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from jax.typing import ArrayLike
from scipy.special import stdtrit

from jgen._internal.own_precision import in_own_precision
from jgen.diagnostics import welch_satterthwaite
from jgen.diagnostics.student_interval import skewed_quantile, skewness_of
from jgen.diagnostics.weights.unseen_tail import LARGEST_K, unseen_tail, upper_tail_k
from jgen.types import Array, Result

T = TypeVar("T")


def mean_result(values: ArrayLike, method: str, protocol: Mapping[str, Any]) -> Result:
    r"""Compute the mean of per-example values with the 95 % interval of their expectation, Student's.

    .. math:: \bar v \pm t_{n - 1} \, sd(v) / \sqrt n

    It is an interval of the mean over all examples that these are drawn from; its ends are corrected for the
    skewness of the values (``skewed_quantile``). Sums are taken in float64 on the host. Where one of the two
    tails has a Pareto k above 0.7 (225 values or more) the result is flagged and has no interval (NaN); above
    0.35 that end includes the heaviest tail that the values allow (``unseen_tail``).

    Args:
        values: One number per independent example ``[example]``, in any unit.
        method: How the values were computed, in a few words.
        protocol: What must agree before the result may be compared: split, K, bins, binarisation.

    Returns:
        A ``Result`` of size n; the interval of one example alone is NaN, and so is all of it for NaN values;
        both are flagged.

    Raises:
        ValueError: If ``values`` is not a vector of at least one number.

    Example:
        >>> import numpy as np
        >>> result = mean_result(np.array([1.0, 2.0, 3.0]), "exact log p", {"split": "test"})
        >>> print(f"{result.value:.2f} [{result.low:.2f}, {result.high:.2f}], n = {result.n}")
        2.00 [-0.48, 4.48], n = 3

    Reference:
        Student (1908), Biometrika 6(1); Owen (2013), Monte Carlo theory, methods and examples, chapter 2.
    """
    values = np.asarray(values, dtype=np.float64)  # [example]
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            f"mean_result takes one value per example, [example]; got shape {values.shape}. Average over "
            "the draws of each example first: only examples are independent."
        )
    with np.errstate(invalid="ignore"):
        mean = values.mean()
        error: Any = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.float64(np.nan)
    dof, none = values.size - 1, error * np.nan
    if not np.isfinite(error):
        flags = ("the standard error is not known",)
        return Result(mean, none, none, values.size, method, dict(protocol), dof, flags=flags)
    skewness = skewness_of(values)
    low, high = (mean - skewed_quantile(prob, dof, skewness, values.size) * error for prob in (0.975, 0.025))
    result = Result(mean, low, high, values.size, method, dict(protocol), dof)
    (fall, k_low), (rise, k_high) = _tail(mean - values), _tail(values - mean)
    k = max(k_low, k_high)
    if not LARGEST_K < k < np.inf:  # infinite where there is no tail to fit
        return result._replace(low=np.minimum(low, mean - fall), high=np.maximum(high, mean + rise))
    wrong = f"Pareto k {k:.2f} of the values is above {LARGEST_K}: they may have no variance"
    return result._replace(low=none, high=none, pareto_k=k, flags=(wrong,))


def _tail(values: np.ndarray) -> tuple[float, float]:
    """Compute what the mean may lack of the upper tail of centred values, and the shape of the tail."""
    k = upper_tail_k(values)
    if k is None:
        return 0.0, -np.inf
    return float(in_own_precision(lambda values: unseen_tail(values, k), values)), k


def compare(first: Result, second: Result) -> Result:
    r"""Compute the difference of two results of one protocol, first - second, with its 95 % interval.

    Each side of the interval is the root of the sum of squared errors in that direction; its quantile is
    Student's with the degrees of freedom of Welch and Satterthwaite, the normal one where both are known:

    .. math:: a - b + t_\nu \sqrt{\left(\frac{high_a - a}{t_{\nu_a}}\right)^2
        + \left(\frac{b - low_b}{t_{\nu_b}}\right)^2}

    The two are taken as independent. For two models on the same examples, which are not, the
    ``mean_result`` of the differences has the shorter interval.

    Args:
        first: A result.
        second: Another, found by the same protocol.

    Returns:
        A ``Result``, flagged where one of the two is; they differ where its interval excludes 0.

    Raises:
        ValueError: If the protocols differ; the message lists where.

    Example:
        >>> import numpy as np
        >>> first = mean_result(np.array([1.0, 2.0, 3.0]), "IWAE", {"K": 50})
        >>> second = mean_result(np.array([0.0, 1.0, 2.0]), "IWAE", {"K": 50})
        >>> difference = compare(first, second)
        >>> print(f"{difference.value:.2f} [{difference.low:.2f}, {difference.high:.2f}]")
        1.00 [-1.27, 3.27]
        >>> compare(first, second._replace(protocol={"K": 5000}))
        Traceback (most recent call last):
            ...
        ValueError: results of different protocols do not compare: K is 50 and 5000. Evaluate both by one.

    Reference:
        Zou and Donner (2008), Construction of confidence limits about effect measures, Statistics in
        Medicine 27; Welch (1947), Biometrika 34.
    """
    check_protocols(first, second)
    with np.errstate(invalid="ignore"):  # of two infinite values
        value = first.value - second.value
    freedoms = first.dof, second.dof
    dof = welch_satterthwaite((first.standard_error, second.standard_error), freedoms)
    quantile, *quantiles = stdtrit((dof, *freedoms), 0.975)

    def side(one: Array, other: Array) -> Array:
        return quantile * np.hypot(one / quantiles[0], other / quantiles[1])

    low = value - side(first.value - first.low, second.high - second.value)
    high = value + side(first.high - first.value, second.value - second.low)
    method = f"{first.method} minus {second.method}"
    size, flags = min(first.n, second.n), tuple(dict.fromkeys((*first.flags, *second.flags)))
    return Result(value, low, high, size, method, first.protocol, dof, flags=flags)


def check_protocols(first: Result, second: Result) -> None:
    """Raise a ``ValueError`` that lists where the protocols of two results differ."""
    names = sorted({*first.protocol, *second.protocol})
    pairs = {name: [one.protocol.get(name, "absent") for one in (first, second)] for name in names}
    differing = [f"{name} is {a} and {b}" for name, (a, b) in pairs.items() if not np.array_equal(a, b)]
    if differing:
        raise ValueError(
            f"results of different protocols do not compare: {', '.join(differing)}. Evaluate both by one."
        )


def against_best(
    values: Mapping[T, ArrayLike], method: str, protocol: Mapping[str, Any]
) -> dict[T, dict[str, Result]]:
    r"""Compare several models on the same examples: means, and paired differences from the best.

    The best is chosen by these values, and the best of equal models is above the others by chance. So the
    intervals are those of Tukey's range: they cover all differences from the best at once in 95 % of cases,
    or more where the models lie apart. Their quantile is that of the studentised range of m models over
    :math:`\sqrt 2`, which is Student's for two.

    Args:
        values: Name -> one number per example ``[example]``, more is better, the same examples for all.
        method: How the values were computed, in a few words.
        protocol: What must agree before results may be compared.

    Returns:
        Name -> its ``mean`` and its difference ``minus best``, 0 for the best. One with a NaN is never the
        best, and does not count as a model.

    Raises:
        ValueError: For values that are no vectors, or not of as many examples each.

    Example:
        >>> import numpy as np
        >>> values = {"one": np.array([1.0, 2.0]), "two": np.array([2.0, 3.0])}
        >>> [float(row["minus best"].value) for row in against_best(values, "exact log p", {}).values()]
        [-1.0, 0.0]

    Reference:
        Tukey (1953), The problem of multiple comparisons; Hsu (1996), Multiple comparisons, chapter 5.
    """
    means = {name: mean_result(row, method, protocol) for name, row in values.items()}
    best = max(means, key=lambda name: np.nan_to_num(means[name].value, nan=-np.inf))
    rows = {name: np.asarray(row, np.float64) for name, row in values.items()}
    if len(sizes := {row.size for row in rows.values()}) > 1:
        raise ValueError(f"against_best compares values of the same examples; got {sorted(sizes)} of them")
    with np.errstate(invalid="ignore"):
        minus = {name: row - rows[best] for name, row in rows.items()}
    num_models = sum(bool(np.isfinite(mean.value)) for mean in means.values())
    differences = {name: mean_result(row, "paired difference", protocol) for name, row in minus.items()}
    return {
        name: {"mean": means[name], "minus best": over_studentised_range(one, num_models)}
        for name, one in differences.items()
    }


def over_studentised_range(difference: Result, num_models: int) -> Result:
    """Widen the interval of a difference from the best of several models from Student's to Tukey's."""
    if num_models < 3:
        return difference
    wider = _range_quantile(num_models, difference.dof) / stdtrit(difference.dof, 0.975)
    value, low, high = difference[:3]
    return difference._replace(low=value - wider * (value - low), high=value + wider * (high - value))


@lru_cache
def _range_quantile(num_models: int, dof: float) -> float:
    """Compute the 95 % quantile of the studentised range of m models, over the root of two."""
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(0.95, num_models, dof)) / 2**0.5
