"""Compute chrF by sacreBLEU, with its signature and an interval."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from jax.tree_util import Partial

from jgen.evaluation.corpus_scores import compute_score, sacrebleu_metrics, score_influence
from jgen.evaluation.metric import evaluate
from jgen.evaluation.recipe import MetricRecipe
from jgen.evaluation.text_pairs import keep_pairs, word_pairs
from jgen.types import Metric, Result


def chrf(
    *,
    real: Sequence[str | Sequence[str]],
    generated: Sequence[str],
    char_order: int = 6,
    word_order: int = 0,
    beta: int = 2,
    lowercase: bool = False,
    last_as_null: bool = False,
) -> Result:
    r"""Compute corpus chrF, 0 to 100, of hypotheses against their references, by character n-grams.

    With P and R the mean over the orders of matched n-grams over those of the hypotheses, and over those of
    the references, all summed over the corpus (of several references that which fits best),

    .. math:: 100 \, (1 + \beta^2) P R / (\beta^2 P + R).

    The 95 % interval is of the chrF of the distribution of pairs: the influence of each pair in closed form
    (delta method on the sums), with Student's quantile, corrected for skewness. There is no null
    unless a reference of each pair is spared for it (``last_as_null``).

    Args:
        real: References: for each hypothesis one string, or a list of them.
        generated: Hypotheses ``[text]``.
        char_order: Longest n-grams of characters, without spaces.
        word_order: Longest n-grams of words; 2 for chrF++.
        beta: Weight of the recall.
        lowercase: Whether case is ignored.
        last_as_null: Whether the last reference of each pair is no reference, but what the null reads: a
            person's hypothesis.

    Returns:
        A ``Result`` with sacreBLEU's signature and ``beta`` in its protocol. Its metric keeps the texts.

    Raises:
        ValueError: For no text, lists of unequal length, or orders below 1 (0 for words).
        UsageError: If sacreBLEU is not installed.

    Example:
        >>> result = chrf(real=["the cat is on the mat"], generated=["the cat is on mat"])
        >>> print(f"{result.value:.2f}", result.protocol["signature"].partition("|version")[0])
        64.20 nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no

    Reference:
        Popovic (2015), chrF: character n-gram F-score for automatic MT evaluation, WMT.
    """
    metric = chrf_metric(
        char_order=char_order,
        word_order=word_order,
        beta=beta,
        lowercase=lowercase,
        last_as_null=last_as_null,
    )
    return evaluate(metric, real=real, generated=generated)


def chrf_metric(
    *,
    char_order: int = 6,
    word_order: int = 0,
    beta: int = 2,
    lowercase: bool = False,
    last_as_null: bool = False,
) -> Metric:
    """Return chrF as a metric, whose state keeps the texts; the options are those of ``chrf``."""
    if char_order < 1 or word_order < 0 or beta <= 0:
        raise ValueError(
            f"char_order must be 1 or more, word_order 0 or more and beta positive; got {char_order}, "
            f"{word_order} and {beta}"
        )
    make = partial(_scorer, char_order, word_order, beta, lowercase)
    make()
    linearise = partial(_linearise, beta)
    compute = Partial(compute_score, make, linearise, "corpus chrF", {"beta": beta}, _flags)
    return keep_pairs(compute, Partial(score_influence, make, linearise), last_as_null=last_as_null)


def _scorer(char_order: int, word_order: int, beta: int, lowercase: bool) -> Any:
    metrics = sacrebleu_metrics("chrf")
    return metrics.CHRF(char_order=char_order, word_order=word_order, beta=beta, lowercase=lowercase)


def _linearise(beta: int, sums: np.ndarray) -> tuple[float, np.ndarray]:
    """Compute chrF and its gradient by the sums: of hypotheses, of references, matched; order after order."""
    ours, theirs, matched = sums.reshape(-1, 3).T  # [order]
    gradient = np.zeros((len(ours), 3))
    used = (ours > 0) & (theirs > 0)
    if not matched.any():
        return 0.0, gradient.ravel()
    ours, theirs, matched = ours[used], theirs[used], matched[used]
    precision, recall = (matched / ours).mean(), (matched / theirs).mean()
    below = beta**2 * precision + recall
    value = 100 * (1 + beta**2) * precision * recall / below
    by_precision = 100 * (1 + beta**2) * (recall / below) ** 2 / len(ours)
    by_recall = 100 * (1 + beta**2) * (beta * precision / below) ** 2 / len(ours)
    gradient[used, 0] = -by_precision * matched / ours**2
    gradient[used, 1] = -by_recall * matched / theirs**2
    gradient[used, 2] = by_precision / ours + by_recall / theirs
    return value, gradient.ravel()


def _flags(sums: np.ndarray) -> tuple[str, ...]:
    if sums.reshape(-1, 3)[:, 2].any():
        return ()
    return ("beyond_resolution", "no character of a hypothesis is in its references")


def recipe() -> MetricRecipe:
    """Return how chrF is checked."""
    return MetricRecipe(partial(chrf_metric, last_as_null=True), word_pairs, rotates=False, is_paired=True)
