"""Compute how far raters agree about the same items, beyond chance."""

from typing import Any

import numpy as np
from jax.typing import ArrayLike
from scipy.special import stdtrit

from jgen.types import Result

PROTOCOL = {"of": "Krippendorff's alpha", "labels": "nominal"}
NUM_PERMUTATIONS = 200


def rater_agreement(*, answers: ArrayLike, seed: int = 0) -> Result:
    r"""Compute Krippendorff's alpha of nominal labels, with its interval over items.

    With :math:`c_{uk}` raters who give item u the label k, :math:`m_u` answers of two or more about it,
    :math:`n_k = \sum_u c_{uk}` and :math:`n = \sum_k n_k`,

    .. math:: \alpha = 1 - (n - 1) \frac{\sum_u \sum_{k \ne l} c_{uk} c_{ul} / (m_u - 1)}
        {\sum_{k \ne l} n_k n_l}.

    It is 1 where raters agree on all items, 0 on average where they answer by chance, and below 0 where they
    disagree more than by chance. Raters may have left out items. With two raters and no answer missing it is
    Scott's :math:`\pi + (1 - \pi) / 2N`. The 95 % interval is one over all items that these are drawn from,
    by these raters: Student's, by the jackknife over items.

    Args:
        answers: Labels, any numbers, ``[item, rater]``; NaN where a rater gave none.
        seed: Of the permutations of the null.

    Returns:
        A ``Result`` whose n is the number of items with two answers or more. Its null has each rater's
        answers permuted over the items answered; its ceiling is 1. One where all answers are the same has no
        value, and one where all raters agree has no interval (NaN); both are flagged.

    Raises:
        ValueError: For another shape, an infinite label, or no item with two answers.

    Example:
        >>> first, second = [1, 1, 1, 1, 0, 0, 0, 0, 1, 0], [1, 1, 1, 1, 0, 0, 0, 0, 0, 1]
        >>> round(float(rater_agreement(answers=np.transpose([first, second])).value), 6)  # pi is 0.6
        0.62

    Reference:
        Krippendorff (2011), "Computing Krippendorff's alpha-reliability"; Hayes and Krippendorff (2007),
        Communication Methods and Measures 1.
    """
    table = np.asarray(answers, np.float64)
    if table.ndim != 2:
        raise ValueError(f"answers must be labels [item, rater]; got shape {table.shape}")
    if np.isinf(table).any():
        raise ValueError(f"{np.isinf(table).sum()} labels are infinite: give numbers, or NaN for no answer")
    pairable = (~np.isnan(table)).sum(1) >= 2
    if not pairable.any():
        raise ValueError(
            f"no item of {len(table)} has answers of two raters, so their agreement is not known: have two "
            "or more raters answer the same items"
        )
    table = table[pairable]
    labels = np.unique(table[~np.isnan(table)])
    counts = (table[..., None] == labels).sum(1)  # [item, label]
    size, method = len(counts), "Krippendorff's alpha, jackknife over items"
    none: Any = np.float64(np.nan)
    value: Any = alpha_of(counts.sum(0), _disagreements(counts).sum())
    if len(labels) == 1:
        wrong = f"all answers are {labels[0]:g}: agreement beyond chance is not known"
        return Result(none, none, none, size, method, PROTOCOL, flags=(wrong,), ceiling=1.0)
    fields: Any = {"null": _null(table, labels, np.random.default_rng(seed)), "ceiling": 1.0}
    if value == 1 or size == 1:
        wrong = f"the interval is not known: raters agree on all {size} items" if size > 1 else "one item"
        return Result(value, none, none, size, method, PROTOCOL, flags=(wrong,), **fields)
    rest, apart = counts.sum(0) - counts, _disagreements(counts)
    left_out = alpha_of(rest, apart.sum() - apart)  # [item]
    with np.errstate(invalid="ignore"):
        error = np.sqrt((size - 1) / size * ((left_out - left_out.mean()) ** 2).sum())
    half = stdtrit(size - 1, 0.975) * error
    flags = () if np.isfinite(half) else ("without one item all answers are the same: no interval",)
    high = np.minimum(value + half, 1.0)
    return Result(value, value - half, high, size, method, PROTOCOL, size - 1, flags=flags, **fields)


def alpha_of(totals: np.ndarray, disagreement: np.ndarray) -> np.ndarray:
    """Compute alpha from totals ``[..., label]`` and the sum of disagreements of items ``[...]``."""
    n = totals.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - (n - 1) * disagreement / (n**2 - (totals**2).sum(-1))


def _disagreements(counts: np.ndarray) -> np.ndarray:
    """Compute the disagreement within each item ``[item]``."""
    size = counts.sum(-1)
    return (size**2 - (counts**2).sum(-1)) / (size - 1)


def _null(table: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> Result:
    """Permute each rater's answers over the items that have one."""
    readings = []
    for _ in range(NUM_PERMUTATIONS):
        mixed = table.copy()
        for column in mixed.T:
            answered = ~np.isnan(column)
            column[answered] = rng.permutation(column[answered])
        counts = (mixed[..., None] == labels).sum(1)
        readings.append(float(alpha_of(counts.sum(0), _disagreements(counts).sum())))
    low, high = np.quantile(readings, [0.025, 0.975])
    method = f"{NUM_PERMUTATIONS} permutations of each rater's answers"
    mean: Any = np.float64(np.mean(readings))
    return Result(mean, low, high, len(table), method, {})
