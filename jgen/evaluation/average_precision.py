"""Compute the average precision of a ranking, with ties as one threshold."""

from typing import Any

import numpy as np

from jgen.diagnostics import welch_satterthwaite
from jgen.evaluation.classifier_values import NAMES, read_values
from jgen.evaluation.metric import evaluate, keep_rows, result_of
from jgen.evaluation.recipe import Known, MetricRecipe
from jgen.types import Influence, Metric, Result


def average_precision(*, positives: Any, negatives: Any) -> Result:
    r"""Compute the average precision: the mean, over the positives, of the precision at their value.

    .. math:: AP = \frac 1 n \sum_i \frac{\#\{x \ge x_i\}}{\#\{x \ge x_i\} + \#\{y \ge x_i\}}

    Equal values are one threshold, so it does not depend on their order. It depends on the share of positives
    p = n / (n + m), which is in the protocol. The null of N = n + m values in random order is that share in
    the limit; at finite N, without ties, it is
    :math:`\frac{n-1}{N-1} + \frac{m}{N-1} \frac{1}{N} \sum_{r \le N} \frac 1 r`.

    The 95 % interval is of the expectation at these n and m, on the scale of the logit, by influence
    functions of the two samples.

    Args:
        positives: Values of the positives, larger for more likely positive ``[n]``.
        negatives: Values of the negatives ``[m]``.

    Returns:
        A ``Result``; 1 is its ceiling. Without an interval, and flagged, where all pairs are in order.

    Raises:
        ValueError: For fewer than two values of a class, other shapes, or values that are NaN.

    Example:
        >>> float(average_precision(positives=[3.0, 1.0], negatives=[2.0, 0.0]).value)  # (1 + 2/3) / 2
        0.8333333333333333

    Reference:
        Boyd, Eng and Page (2013), Area under the precision-recall curve, ECML; Bestgen (2015), Exact expected
        average precision of the random baseline.
    """
    return evaluate(average_precision_metric(), positives=positives, negatives=negatives)


def average_precision_metric() -> Metric:
    """Return the metric of average precision; see ``average_precision``. Its state keeps the values."""
    return keep_rows(_compute, names=NAMES, influence=_influence, larger_is_better=True, read=read_values)


def _influence(rows: Any) -> Influence:
    r"""Compute the influence of each value.

    With S and T the shares of positives and negatives at or above a value, the precision is
    :math:`P = p S / (p S + q T)`. A value x changes S by 1[s <= x] - S at every s, and T likewise.
    """
    x, y = (np.sort(rows[name]) for name in NAMES)
    if min(len(x), len(y)) < 2:
        raise ValueError(
            f"average_precision takes two or more values of each class; got {len(x)} and {len(y)}"
        )
    p, q = len(x) / (len(x) + len(y)), len(y) / (len(x) + len(y))
    s, t = (1 - np.searchsorted(sample, x) / len(sample) for sample in (x, y))  # shares >= each positive
    total = p * s + q * t
    precision = p * s / total
    area = float(precision.mean())
    by_s, by_t = p * q * t / total**2, -p * q * s / total**2
    own = np.searchsorted(x, rows["positives"])
    sums = [np.append(0.0, np.cumsum(one)) / len(x) for one in (by_s, by_t)]
    of_x = precision[own] - area + sums[0][np.searchsorted(x, rows["positives"], "right")] - (by_s * s).mean()
    of_y = sums[1][np.searchsorted(x, rows["negatives"], "right")] - (by_t * t).mean()
    return Influence(area, {"positives": of_x, "negatives": of_y})


def _compute(rows: Any) -> Result:
    area, by_sample = _influence(rows)
    n, m = (len(by_sample[name]) for name in NAMES)
    errors = [float(np.std(one, ddof=1)) / np.sqrt(len(one)) for one in by_sample.values()]
    error = float(np.hypot(*errors)) if area < 1 else np.nan
    dof = float(welch_satterthwaite(tuple(errors), (n - 1, m - 1))) if error > 0 else min(n, m) - 1.0
    protocol = {"share of positives": n / (n + m), "ties": "one threshold"}
    result = result_of(area, error, n + m, "average precision", protocol, dof)
    if area < 1:
        half = float(result.high - area) / (area * (1 - area))
        ends: Any = 1 / (1 + (1 / area - 1) * np.exp([half, -half]))
        result = result._replace(low=ends[0], high=ends[1])
    null = result_of(null_precision(n, m), np.nan, n + m, "closed form, without ties", {})._replace(flags=())
    return result._replace(null=null, ceiling=1.0)


def null_precision(n: int, m: int) -> float:
    """Compute the expected average precision of n positives and m negatives in random order.

    Example:
        >>> round(null_precision(1, 1), 12)  # first or second, each with probability 1/2
        0.75
    """
    total = n + m
    first = m / (total - 1)
    return (1 - first) + first * float((1 / np.arange(1, total + 1)).sum()) / total


def recipe() -> MetricRecipe:
    """Return the recipe by which ``check_metric`` checks it."""
    return MetricRecipe(
        average_precision_metric, shifted_pair, rotates=False, unit_power=0.0, known=known_orders
    )


def known_orders() -> list[Known]:
    """Return an order of four values, and values that are all equal."""
    order = {"positives": np.array([3.0, 1.0]), "negatives": np.array([2.0, 0.0])}
    equal = {"positives": np.ones(3), "negatives": np.ones(9)}
    return [Known("an order", order, {"": 5 / 6}), Known("equal values", equal, {"": 0.25})]


def shifted_pair(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, np.ndarray]:
    """Draw n positives of N(0, 1) and m negatives of N(shift, 1)."""
    return {"positives": rng.normal(size=n), "negatives": rng.normal(shift, 1, size=m)}
