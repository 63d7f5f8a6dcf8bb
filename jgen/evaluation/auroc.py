"""Compute the area under the ROC curve, ties halved, with DeLong's variance."""

from typing import Any

import numpy as np
from scipy.special import stdtrit
from scipy.stats import rankdata

from jgen.diagnostics import welch_satterthwaite
from jgen.evaluation.classifier_values import NAMES, read_values
from jgen.evaluation.metric import evaluate, keep_rows, result_of
from jgen.evaluation.recipe import Known, MetricRecipe
from jgen.types import Influence, Metric, Result


def auroc(*, positives: Any, negatives: Any) -> Result:
    r"""Compute the area under the ROC curve: the probability that a positive is above a negative.

    .. math:: A = \frac{1}{n m} \sum_{ij} 1[x_i > y_j] + \tfrac 1 2 1[x_i = y_j]

    Between N(d, 1) and N(0, 1) it is :math:`\Phi(d / \sqrt 2)`. Ties count a half, so a constant classifier
    reads 1/2, which is the null.

    The 95 % interval is of the area of the two distributions. Its variance is DeLong's; its ends solve
    :math:`(A - \theta)^2 = t^2 V(\theta)`, with the V of Hanley and McNeil in proportion to DeLong's at A, so
    that they lie between 0 and 1, and apart where all pairs are in order.

    Args:
        positives: Values of the positives, larger for more likely positive ``[n]``.
        negatives: Values of the negatives ``[m]``.

    Returns:
        A ``Result``; 1 is its ceiling.

    Raises:
        ValueError: For fewer than two values of a class, other shapes, or values that are NaN. Infinite ones
            are ordered like others.

    Example:
        >>> float(auroc(positives=[3.0, 2.0], negatives=[2.0, 1.0]).value)
        0.875

    Reference:
        DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44; Hanley and McNeil (1982), Radiology 143;
        Newcombe (2006), Statistics in Medicine 25, method 5.
    """
    return evaluate(auroc_metric(), positives=positives, negatives=negatives)


def auroc_metric() -> Metric:
    """Return the metric of the area under the ROC curve; see ``auroc``. Its state keeps the values."""
    return keep_rows(_compute, names=NAMES, influence=_influence, larger_is_better=True, read=read_values)


def _influence(rows: Any) -> Influence:
    """Compute DeLong's placements: for each value, the share of the other class on its right side."""
    x, y = (rows[name] for name in NAMES)
    if min(len(x), len(y)) < 2:
        raise ValueError(f"auroc takes two or more values of each class; got {len(x)} and {len(y)}")
    ranks = rankdata(np.concatenate([x, y]))
    of_x = (ranks[: len(x)] - rankdata(x)) / len(y)
    of_y = 1 - (ranks[len(x) :] - rankdata(y)) / len(x)
    area = float(of_x.mean())
    return Influence(area, {"positives": of_x - area, "negatives": of_y - area})


def _compute(rows: Any) -> Result:
    area, by_sample = _influence(rows)
    n, m = (len(by_sample[name]) for name in NAMES)
    errors = [float(np.std(one, ddof=1)) / np.sqrt(len(one)) for one in by_sample.values()]
    variance = float(np.square(errors).sum())
    dof = float(welch_satterthwaite(tuple(errors), (n - 1, m - 1))) if variance > 0 else min(n, m) - 1.0
    ratio = variance / _by_area(area, n, m) if 0 < area < 1 and variance > 0 else 1.0
    low, high = _ends(area, n, m, ratio * float(stdtrit(dof, 0.975)) ** 2)
    null = result_of(0.5, np.sqrt((n + m + 1) / (12 * n * m)), n + m, "closed form, without ties", {})
    protocol = {"ties": "halved"}
    result = result_of(area, np.sqrt(variance), n + m, "Mann-Whitney, DeLong", protocol, dof)
    return result._replace(low=low, high=high, null=null, ceiling=1.0)


def _by_area(area: Any, n: int, m: int) -> Any:
    """Compute Hanley and McNeil's variance, with n and m replaced by their mean (Newcombe)."""
    half = (n + m) / 2 - 1
    return area * (1 - area) / (n * m) * (1 + half * ((1 - area) / (2 - area) + area / (1 + area)))


def _ends(area: float, n: int, m: int, factor: float) -> tuple[Any, Any]:
    """Solve (A - theta)^2 = factor V(theta) on both sides of A, by bisection."""
    ends = []
    for border in (0.0, 1.0):
        inside, outside = area, border
        for _ in range(60):
            middle = (inside + outside) / 2
            is_inside = (area - middle) ** 2 <= factor * _by_area(middle, n, m)
            inside, outside = (middle, outside) if is_inside else (inside, middle)
        ends.append(np.float64(outside))
    return ends[0], ends[1]


def recipe() -> MetricRecipe:
    """Return the recipe by which ``check_metric`` checks it."""
    return MetricRecipe(
        auroc_metric, shifted_pair, truth=area_of_normals, rotates=False, unit_power=0.0, known=known_orders
    )


def known_orders() -> list[Known]:
    """Return an order with one tie, and values that are all equal."""
    order = {"positives": np.array([3.0, 2.0]), "negatives": np.array([2.0, 1.0])}
    equal = {"positives": np.ones(3), "negatives": np.ones(9)}
    return [Known("one tie", order, {"": 0.875}), Known("equal values", equal, {"": 0.5})]


def shifted_pair(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, np.ndarray]:
    """Draw n positives of N(0, 1) and m negatives of N(shift, 1)."""
    return {"positives": rng.normal(size=n), "negatives": rng.normal(shift, 1, size=m)}


def area_of_normals(shift: float) -> float:
    r"""Compute :math:`\Phi(-shift / \sqrt 2)`."""
    from scipy.stats import norm

    return float(norm.cdf(-shift / np.sqrt(2)))
