"""Compute the Inception Score of the class probabilities of generated samples."""

from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial
from scipy.special import xlogy

from jgen.evaluation.metric import Rows, evaluate, keep_rows, result_of
from jgen.evaluation.recipe import Known, MetricRecipe
from jgen.evaluation.row_order import random_order
from jgen.evaluation.second_order import total_variance
from jgen.types import NORMAL_95, Influence, Metric, Result

TOLERANCE = 1e-3
"""How far the probabilities of a row may sum from 1; they are then divided by the sum."""
NULL_DRAWS = 400


def inception_score(*, probabilities: Any, num_splits: int = 1) -> Result:
    r"""Compute the Inception Score: exp of the mutual information of sample and predicted class.

    .. math:: IS = \exp \frac 1 m \sum_i KL(p(y | x_i) \,\|\, \bar p), \qquad
        \bar p = \frac 1 m \sum_i p(y | x_i)

    It is 1 where all samples get the same probabilities and K for K even, certain classes. The score of m
    samples is below that of the model, by more where there are many classes. So the interval is one of the
    expectation of the score at this m, as :math:`\exp E \log IS`, and the null says what K even classes,
    drawn independently and predicted with certainty, read at this m. Its error is found from the influence
    of each row and the variance of second order, all that is left for certain classes.

    With splits, which published scores have, it is the mean of the scores of that many parts of the rows, in
    a random order that depends on their values alone: sets generated class by class count as any other.

    Args:
        probabilities: Class probabilities of the generated samples ``[m, K]``; each row sums to 1.
        num_splits: Parts whose scores are averaged.

    Returns:
        The Result, with the ceiling K (or the rows of a part, if there are fewer).

    Raises:
        ValueError: For rows that are no probabilities, fewer than two classes, or fewer than two rows a part.

    Example:
        >>> found = inception_score(probabilities=np.eye(4)[np.arange(100) % 4])
        >>> round(float(found.value), 6), found.ceiling
        (4.0, 4.0)

    Reference:
        Salimans et al. (2016), Improved techniques for training GANs; Barratt and Sharma (2018), A note on
        the Inception Score.
    """
    return evaluate(inception_score_metric(num_splits=num_splits), probabilities=probabilities)


def inception_score_metric(*, num_splits: int = 1) -> Metric:
    """Return the metric of ``inception_score``; its state keeps the probabilities.

    Raises:
        ValueError: For fewer than one split.
    """
    if num_splits < 1:
        raise ValueError(f"num_splits must be at least 1; got {num_splits}")
    return keep_rows(
        Partial(_compute, num_splits),
        names=("probabilities",),
        influence=Partial(_influence, num_splits),
        larger_is_better=True,
        read=_read,
    )


def _read(name: str, x: Any) -> np.ndarray:
    """Read rows of probabilities in float64."""
    rows = np.asarray(x, np.float64)
    if rows.ndim != 2 or not len(rows) or rows.shape[1] < 2:
        raise ValueError(f"{name} must be [row, class], one row and two classes or more; got {rows.shape}")
    total = rows.sum(1, keepdims=True)
    wrong = ~((rows >= 0).all(1) & (np.abs(total[:, 0] - 1) < TOLERANCE))
    if wrong.any():
        raise ValueError(
            f"{wrong.sum()} of {len(rows)} rows of {name} are no probabilities (the first is row "
            f"{wrong.argmax()}, which sums to {total[wrong.argmax(), 0]:.4g}): pass a softmax, not logits"
        )
    return rows / total


class _Part(NamedTuple):
    """Part of the rows: log IS, influence of each row on it, and its variance."""

    log_score: float
    influence: np.ndarray
    variance: float


def _part(rows: np.ndarray) -> _Part:
    n, mean = len(rows), rows.mean(0)
    divergence = (xlogy(rows, rows) - xlogy(rows, np.where(mean > 0, mean, 1.0))).sum(1)  # [row]
    log_score = max(float(divergence.mean()), 0.0)  # but for rounding
    whitened = (rows - mean)[:, mean > 0] / np.sqrt(mean[mean > 0])  # [row, class]
    gram = whitened.T @ whitened if n > whitened.shape[1] else whitened @ whitened.T
    second = 0.5 * float((gram**2).sum()) / (n * (n - 1)) ** 2  # tr((D C)^2) / 2 n^2, D = diag(1 / mean)
    first = float(divergence.var(ddof=1)) / n
    return _Part(log_score, divergence - log_score, total_variance(first, second))


def _parts(num_splits: int, rows: np.ndarray) -> list[tuple[np.ndarray, _Part]]:
    if len(rows) < 2 * num_splits:
        raise ValueError(
            f"a part takes two rows or more; got {len(rows)} rows in {num_splits} splits: pass more rows"
        )
    if num_splits == 1:
        return [(np.arange(len(rows)), _part(rows))]
    return [(part, _part(rows[part])) for part in np.array_split(random_order(rows), num_splits)]


def _influence(num_splits: int, samples: Rows) -> Influence:
    rows = samples["probabilities"]
    parts = _parts(num_splits, rows)
    influence = np.zeros(len(rows))
    for index, part in parts:
        influence[index] = np.exp(part.log_score) * part.influence * (len(rows) / len(index) / num_splits)
    value = float(np.mean([np.exp(part.log_score) for _, part in parts]))
    return Influence(value, {"probabilities": influence})


def _compute(num_splits: int, samples: Rows) -> Result:
    rows = samples["probabilities"]
    parts = [part for _, part in _parts(num_splits, rows)]
    scores = np.exp([part.log_score for part in parts])
    value = float(scores.mean())
    error = np.sqrt(scores**2 @ [part.variance for part in parts]) / num_splits / value  # of the log
    size, num_classes = len(rows) // num_splits, rows.shape[1]
    null = perfect_score(num_classes, size)
    result = result_of(
        value,
        error * value,
        len(rows),
        "Inception Score" if num_splits == 1 else f"mean Inception Score of {num_splits} parts",
        {"classes": num_classes, "num_splits": num_splits, "rows": len(rows)},
        null=null,
        ceiling=float(min(num_classes, size)),
    )
    low, high = value * np.exp(error * np.array([-NORMAL_95, NORMAL_95]))
    return result._replace(low=low, high=high)


def perfect_score(num_classes: int, n: int) -> Result:
    r"""Compute the Inception Score of n samples of K even classes, predicted with certainty.

    .. math:: E \log IS = -K \sum_j Bin(j; n, 1 / K) \frac j n \log \frac j n

    Returns:
        :math:`\exp E \log IS`, between whose ends 95 % of scores lie, by simulation with a fixed seed.

    Example:
        >>> round(float(perfect_score(10, 100).value), 3), round(float(perfect_score(1000, 5000).value), 1)
        (9.551, 900.7)
    """
    from scipy.stats import binom

    counts = np.arange(1, n + 1)
    terms = binom.pmf(counts, n, 1 / num_classes) * counts / n * np.log(counts / n)
    value: Any = np.exp(-num_classes * terms.sum())
    drawn = np.random.default_rng(0).multinomial(n, np.full(num_classes, 1 / num_classes), size=NULL_DRAWS)
    scores = np.exp(-xlogy(drawn / n, drawn / n).sum(1))
    low, high = np.quantile(scores, [0.025, 0.975])
    method = f"{num_classes} even classes, predicted with certainty"
    return Result(value, low, high, n, method, {})


def recipe() -> MetricRecipe:
    """Return the recipe by which the metric is checked: classes that become less certain."""

    def pair(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, np.ndarray]:
        del n
        doubt = shift / (1 + shift)
        return {"probabilities": (1 - doubt) * np.eye(4)[rng.integers(4, size=m)] + doubt / 4}

    def known() -> list[Known]:
        labels = np.eye(10)[np.arange(50) % 10]
        constant = np.tile([0.25, 0.75, 0.0], (20, 1))
        return [
            Known("even certain classes", {"probabilities": labels}, {"": 10.0}),
            Known("equal rows with a zero", {"probabilities": constant}, {"": 1.0}),
        ]

    return MetricRecipe(make=inception_score_metric, pair=pair, rotates=False, translates=False, known=known)
