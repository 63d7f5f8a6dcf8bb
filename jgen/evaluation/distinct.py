"""Compute the share of distinct n-grams in texts, with its expectation for uniform tokens."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jax.tree_util import Partial

from jgen.evaluation.metric import Rows, evaluate, keep_rows, result_of
from jgen.evaluation.recipe import MetricRecipe
from jgen.evaluation.texts import TOKENS, ngrams, read_texts
from jgen.types import Influence, Metric, Result

NULL_DRAWS = 20


def distinct(
    *,
    generated: Sequence[str],
    real: Sequence[str] | None = None,
    order: int = 1,
    tokens: str = "words",
    vocabulary_size: int | None = None,
) -> Result:
    r"""Compute distinct-n: the number of different n-grams over the number of all.

    It falls with the number T of n-grams, so only results of one T compare. For tokens drawn evenly from V
    it is on average

    .. math:: V (1 - (1 - 1 / V)^T) / T,

    exact for n = 1. The 95 % interval is of the expectation at these sizes, by the jackknife over texts,
    whose variance is too large on average. N-grams do not cross from one text to the next.

    Args:
        generated: Texts.
        real: Texts of the source: the null is the value of random orders of them, cut after T n-grams.
        order: n.
        tokens: ``"words"``, in lower case and of any script (``texts.words``), or ``"characters"``.
        vocabulary_size: V, for which the null is the value of even, independent tokens.

    Returns:
        A ``Result``; larger is more varied. Its metric keeps the texts: the set of n-grams grows with them.
        There is no null without ``vocabulary_size`` and with fewer than T n-grams in ``real``.

    Raises:
        ValueError: For no n-gram, both kinds of null, or options out of range.

    Example:
        >>> result = distinct(generated=["the cat", "the dog"], vocabulary_size=50)
        >>> print(float(result.value), round(float(result.null.value), 4))
        0.75 0.9703

    Reference:
        Li, Galley, Brockett, Gao, Dolan (2016), A diversity-promoting objective function for neural
        conversation models, NAACL; Efron and Stein (1981), Annals of Statistics 9(3).
    """
    metric = distinct_metric(order=order, tokens=tokens, vocabulary_size=vocabulary_size)
    return evaluate(metric, generated=generated, **({} if real is None else {"real": real}))


def distinct_metric(
    *, order: int = 1, tokens: str = "words", vocabulary_size: int | None = None
) -> Metric:
    """Return distinct-n as a metric, whose state keeps the texts; the options are those of ``distinct``."""
    if order < 1 or tokens not in TOKENS:
        raise ValueError(
            f"order must be 1 or more, and tokens one of {', '.join(TOKENS)}; got {order} and {tokens!r}"
        )
    if vocabulary_size is not None and vocabulary_size < 1:
        raise ValueError(f"vocabulary_size must be 1 or more; got {vocabulary_size}")
    names = ("generated",) if vocabulary_size is not None else ("real", "generated")
    metric = keep_rows(
        Partial(_compute, order, tokens, vocabulary_size),
        names=names,
        influence=Partial(_influence, order, tokens),
        larger_is_better=True,
        read=Partial(read_texts),
    )
    return metric if vocabulary_size is not None else metric._replace(compute=Partial(_of_any, metric.compute))
