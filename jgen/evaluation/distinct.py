"""Compute the share of distinct n-grams in texts, with its expectation for uniform tokens."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from jax.tree_util import Partial

from jgen.evaluation.metric import Rows, beyond_resolution, evaluate, keep_rows, result_of
from jgen.evaluation.recipe import MetricRecipe
from jgen.evaluation.texts import TOKENS, ngrams, read_texts
from jgen.types import Influence, Metric, Result

NULL_DRAWS = 20
LEAST_SHARE = 0.1
"""Least share of the jackknife's variance that is kept."""


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

    exact for n = 1. N-grams do not cross from one text to the next.

    The 95 % interval is of the expectation at these sizes, by the jackknife over texts. It overstates the
    variance of a number of kinds: for n-grams that come independently by :math:`Q_1 - U`, with :math:`Q_1`
    those in one text alone and U the new ones that as many more texts would have. That is subtracted, with U
    as predicted plus half a standard deviation: so intervals of 30 to 120 texts cover in 95 to 96 %.

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
        0.75 0.9704

    Reference:
        Li, Galley, Brockett, Gao, Dolan (2016), A diversity-promoting objective function for neural
        conversation models, NAACL; Efron and Stein (1981), The jackknife estimate of variance, Annals of
        Statistics 9(3); Shen, Chao and Lin (2003), Predicting the number of new species in
        further taxonomic sampling, Ecology 84(3).
    """
    metric = distinct_metric(order=order, tokens=tokens, vocabulary_size=vocabulary_size)
    return evaluate(metric, generated=generated, **({} if real is None else {"real": real}))


def distinct_metric(*, order: int = 1, tokens: str = "words", vocabulary_size: int | None = None) -> Metric:
    """Return distinct-n as a metric, whose state keeps the texts; the options are those of ``distinct``."""
    if order < 1 or tokens not in TOKENS:
        raise ValueError(
            f"order must be 1 or more, and tokens one of {', '.join(TOKENS)}; got {order} and {tokens!r}"
        )
    if vocabulary_size is not None and vocabulary_size < 1:
        raise ValueError(f"vocabulary_size must be 1 or more; got {vocabulary_size}")
    return keep_rows(
        Partial(_compute, order, tokens, vocabulary_size),
        influence=Partial(_influence, order, tokens),
        larger_is_better=True,
        read=Partial(read_texts),
        optional=("real",),
    )


def _compute(order: int, tokens: str, vocabulary_size: int | None, rows: Rows) -> Result:
    if vocabulary_size is not None and "real" in rows:
        raise ValueError(
            "the null is that of real texts or of even tokens: leave out real or vocabulary_size"
        )
    share, influence, num_ngrams = _share(rows["generated"], order, tokens)
    num_texts = len(influence)
    error = np.std(influence, ddof=1) / np.sqrt(num_texts) if num_texts > 1 else np.nan
    protocol = {"order": order, "tokens": tokens, "ngrams": num_ngrams}
    null = None
    if vocabulary_size is not None:
        null = _even(vocabulary_size**order, num_ngrams)
    elif "real" in rows:
        null = _of_real(rows["real"], order, tokens, num_ngrams)
    method = f"distinct-{order}, jackknife over texts"
    result = result_of(share, error, num_texts, method, protocol, num_texts - 1, null=null, ceiling=1.0)
    if error == 0:
        return beyond_resolution(result, "no n-gram is in one text alone: none may be left to be seen")
    return result


def _influence(order: int, tokens: str, rows: Rows) -> Influence:
    share, influence, _ = _share(rows["generated"], order, tokens)
    return Influence(share, {"real": np.zeros(2), "generated": influence})


def _share(texts: np.ndarray, order: int, tokens: str) -> tuple[float, np.ndarray, int]:
    """Compute the share of distinct n-grams, the influence of each text, and the number of n-grams."""
    counts = [ngrams(TOKENS[tokens](text), order) for text in texts]
    in_texts: Counter[tuple[str, ...]] = Counter()
    for one in counts:
        in_texts.update(one.keys())
    sizes = np.array([one.total() for one in counts])
    if not sizes.sum():
        raise ValueError(f"no text has {order} {tokens} or more, so there is no n-gram to count")
    alone = np.array([sum(in_texts[ngram] == 1 for ngram in one) for one in counts])
    without = (len(in_texts) - alone) / np.maximum(sizes.sum() - sizes, 1)
    influence = (len(counts) - 1) * (without.mean() - without)
    jackknife = float(np.sum(influence**2)) / len(counts) ** 2  # variance of the share
    frequency = np.bincount(list(in_texts.values()), minlength=3)  # [texts that have it]
    excess = (frequency[1] - _unseen(frequency)) / float(sizes.sum()) ** 2
    shrink = np.sqrt(np.clip(1 - excess / jackknife, LEAST_SHARE, 1)) if jackknife > 0 else 1.0
    return len(in_texts) / int(sizes.sum()), shrink * influence, int(sizes.sum())


def _unseen(frequency: np.ndarray) -> float:
    """Predict how many new n-grams as many more texts have, and half a standard deviation of a count."""
    alone, twice = frequency[1:3]
    rate = 2 * twice / (alone + 1)
    new = alone * (-np.expm1(-rate) / rate if rate > 0 else 1.0)
    return float(new + np.sqrt(new) / 2)


def _even(num_kinds: int, num_ngrams: int) -> Result:
    """Compute the value of even, independent n-grams, and its standard deviation."""
    v, t = float(num_kinds), num_ngrams
    log_absent = t * np.log1p(-1 / v) if v > 1 else -np.inf
    both_absent = np.exp(t * np.log1p(-2 / v)) if v > 2 else 0.0
    mean = -v * np.expm1(log_absent)
    variance = v * (v - 1) * both_absent + v * np.exp(log_absent) - v**2 * np.exp(2 * log_absent)
    method = f"expectation of even, independent n-grams of {num_kinds} kinds"
    return result_of(mean / t, np.sqrt(max(variance, 0.0)) / t, t, method, {})


def _of_real(real: np.ndarray, order: int, tokens: str, num_ngrams: int) -> Result | None:
    """Compute the value of real texts in random orders, cut after as many n-grams; None for fewer."""
    lists = [list(ngrams(TOKENS[tokens](text), order).elements()) for text in sorted(real)]
    if sum(map(len, lists)) < num_ngrams:
        return None
    rng, values = np.random.default_rng(0), []
    for _ in range(NULL_DRAWS):
        seen: list[tuple[str, ...]] = []
        for i in rng.permutation(len(lists)):
            seen += lists[i][: num_ngrams - len(seen)]
            if len(seen) == num_ngrams:
                break
        values.append(len(set(seen)) / num_ngrams)
    method = f"{NULL_DRAWS} orders of the real texts, {num_ngrams} n-grams of each"
    return result_of(np.mean(values), np.std(values, ddof=1), num_ngrams, method, {})


def _even_words(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, list[str]]:
    """Draw texts of 4 words of 300, even at shift 0; at others the first ones are more frequent."""
    del n
    weights = np.exp(-2 * shift * np.linspace(0, 1, 300))
    numbers = rng.choice(300, size=(m, 4), p=weights / weights.sum())
    return {"generated": [" ".join(f"w{number}" for number in row) for row in numbers]}


def recipe() -> MetricRecipe:
    """Return how distinct-1 is checked: on even words."""
    return MetricRecipe(Partial(distinct_metric, vocabulary_size=300), _even_words, rotates=False)
