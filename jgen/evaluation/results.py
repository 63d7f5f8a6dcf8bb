"""Compute results with intervals from per-example values, and compare results of one protocol."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from jax.typing import ArrayLike
from scipy.special import stdtrit

from jgen.diagnostics import welch_satterthwaite
from jgen.types import NORMAL_95, Array, Result

T = TypeVar("T")


def mean_result(values: ArrayLike, method: str, protocol: Mapping[str, Any]) -> Result:
    r"""Compute the mean of per-example values with its 95 % interval, by the central limit theorem.

    .. math:: \bar v \pm 1.96 \, sd(v) / \sqrt n

    Sums are taken in float64 on the host.

    Args:
        values: One number per independent example ``[example]``, in any unit.
        method: How the values were computed, in a few words.
        protocol: What must agree before the result may be compared: split, K, bins, binarisation.

    Returns:
        A ``Result`` of size n; the interval of one example alone is NaN, and so is all of it for NaN values.

    Raises:
        ValueError: If ``values`` is not a vector of at least one number.

    Example:
        >>> import numpy as np
        >>> result = mean_result(np.array([1.0, 2.0, 3.0]), "exact log p", {"split": "test"})
        >>> print(f"{result.value:.2f} [{result.low:.2f}, {result.high:.2f}], n = {result.n}")
        2.00 [0.87, 3.13], n = 3

    Reference:
        Owen (2013), Monte Carlo theory, methods and examples, chapter 2.
    """
    values = np.asarray(values, dtype=np.float64)  # [example]
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            f"mean_result takes one value per example, [example]; got shape {values.shape}. Average over "
            "the draws of each example first: only examples are independent."
        )
    with np.errstate(invalid="ignore"):
        mean = values.mean()
        error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
    half_width = NORMAL_95 * error
    return Result(mean, mean - half_width, mean + half_width, values.size, method, dict(protocol))


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
        A ``Result``; the two differ where its interval excludes 0.

    Raises:
        ValueError: If the protocols differ; the message lists where.

    Example:
        >>> import numpy as np
        >>> first = mean_result(np.array([1.0, 2.0, 3.0]), "IWAE", {"K": 50})
        >>> second = mean_result(np.array([0.0, 1.0, 2.0]), "IWAE", {"K": 50})
        >>> difference = compare(first, second)
        >>> print(f"{difference.value:.2f} [{difference.low:.2f}, {difference.high:.2f}]")
        1.00 [-0.60, 2.60]
        >>> compare(first, second._replace(protocol={"K": 5000}))
        Traceback (most recent call last):
            ...
        ValueError: results of different protocols do not compare: K is 50 and 5000. Evaluate both by one.

    Reference:
        Zou and Donner (2008), Construction of confidence limits about effect measures, Statistics in
        Medicine 27; Welch (1947), Biometrika 34.
    """
    names = sorted({*first.protocol, *second.protocol})
    pairs = {name: [one.protocol.get(name, "absent") for one in (first, second)] for name in names}
    differing = [f"{name} is {a} and {b}" for name, (a, b) in pairs.items() if not np.array_equal(a, b)]
    if differing:
        raise ValueError(
            f"results of different protocols do not compare: {', '.join(differing)}. Evaluate both by one."
        )
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
    return Result(value, low, high, min(first.n, second.n), method, first.protocol, dof)


def against_best(
    values: Mapping[T, ArrayLike], method: str, protocol: Mapping[str, Any]
) -> dict[T, dict[str, Result]]:
    """Compare several models on the same examples: the mean of each, and its paired difference from the best.

    Args:
        values: Name -> one number per example ``[example]``, more is better, the same examples for all.
        method: How the values were computed, in a few words.
        protocol: What must agree before results may be compared.

    Returns:
        Name -> its ``mean`` and its difference ``minus best``, 0 for the best. One with a NaN is never the
        best.

    Raises:
        ValueError: For values that are no vectors, or not of as many examples each.

    Example:
        >>> import numpy as np
        >>> values = {"one": np.array([1.0, 2.0]), "two": np.array([2.0, 3.0])}
        >>> [float(row["minus best"].value) for row in against_best(values, "exact log p", {}).values()]
        [-1.0, 0.0]
    """
    means = {name: mean_result(row, method, protocol) for name, row in values.items()}
    best = max(means, key=lambda name: np.nan_to_num(means[name].value, nan=-np.inf))
    rows = {name: np.asarray(row, np.float64) for name, row in values.items()}
    if len(sizes := {row.size for row in rows.values()}) > 1:
        raise ValueError(f"against_best compares values of the same examples; got {sorted(sizes)} of them")
    with np.errstate(invalid="ignore"):
        minus = {name: row - rows[best] for name, row in rows.items()}
    return {
        name: {"mean": means[name], "minus best": mean_result(row, "paired difference", protocol)}
        for name, row in minus.items()
    }
