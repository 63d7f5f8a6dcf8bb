"""Compute self-BLEU: how much texts of one sample repeat each other."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from jax.tree_util import Partial

from jgen.evaluation.corpus_scores import sacrebleu_metrics
from jgen.evaluation.jackknife import jackknife
from jgen.evaluation.metric import Rows, evaluate, keep_rows, result_of
from jgen.evaluation.recipe import MetricRecipe
from jgen.evaluation.texts import ngrams, read_texts
from jgen.types import Influence, Metric, Result

ORDERS = 4


def self_bleu(*, real: Sequence[str], generated: Sequence[str], tokenize: str = "13a") -> Result:
    r"""Compute self-BLEU, 0 to 100: the mean over texts of the sentence BLEU against all others.

    The BLEU of a sentence is sacreBLEU's with effective order and exponential smoothing. Self-BLEU rises with
    the number of texts, so only results of one number compare. It is no error in itself: real texts repeat
    each other too, and a perfect model reads the null, which is the value of as many real texts. The 95 %
    interval is of the expectation at this number of texts, by the jackknife of 20 groups, whose variance is
    too large on average: of 60 texts it covers in 99 %.

    Args:
        real: Texts of the source; with fewer than are generated there is no null.
        generated: Texts, two or more.
        tokenize: Tokenizer of sacreBLEU.

    Returns:
        A ``Result`` with sacreBLEU's signature in its protocol. Its metric keeps the texts.

    Raises:
        ValueError: For fewer than two texts, or an unknown tokenizer.
        UsageError: If sacreBLEU is not installed.

    Example:
        >>> texts = ["the cat is on the mat", "the cat is on the mat", "a dog ran"]
        >>> print(f"{self_bleu(real=texts, generated=texts).value:.2f}")
        66.67

    Reference:
        Zhu et al. (2018), Texygen: a benchmarking platform for text generation models, SIGIR.
    """
    return evaluate(self_bleu_metric(tokenize=tokenize), real=real, generated=generated)


def self_bleu_metric(*, tokenize: str = "13a") -> Metric:
    """Return self-BLEU as a metric, whose state keeps the texts; the option is that of ``self_bleu``."""
    bleu = sacrebleu_metrics("self_bleu").BLEU
    if tokenize not in bleu.TOKENIZERS:
        raise ValueError(f"tokenize must be one of {', '.join(sorted(bleu.TOKENIZERS))}; got {tokenize!r}")
    scorer = bleu(tokenize=tokenize, effective_order=True, force=True)
    return keep_rows(
        Partial(_compute, scorer), influence=Partial(_influence, scorer), read=Partial(read_texts)
    )


def _compute(scorer: Any, rows: Rows) -> Result:
    generated = _split(scorer, rows["generated"])
    result = _mean_result(scorer, generated)
    if len(rows["real"]) < len(generated):
        return result
    real = np.random.default_rng(0).permutation(np.sort(rows["real"]))[: len(generated)]
    null = _mean_result(scorer, _split(scorer, real))
    return result._replace(null=null._replace(method="as many real texts", protocol={}))


def _mean_result(scorer: Any, texts: np.ndarray) -> Result:
    """Make the result of tokenised texts, with the jackknife of groups."""
    influence = _jackknife(scorer, texts)
    groups = influence.by_sample["generated"]
    error = np.std(groups, ddof=1) / np.sqrt(len(groups)) if len(texts) > 2 else np.nan
    scorer.num_refs = len(texts) - 1
    protocol = {"signature": str(scorer.get_signature()), "texts": len(texts)}
    return result_of(influence.value, error, len(texts), "self-BLEU", protocol, len(groups) - 1)


def _influence(scorer: Any, rows: Rows) -> Influence:
    influence = _jackknife(scorer, _split(scorer, rows["generated"]))
    return Influence(influence.value, {"real": np.zeros(2), **influence.by_sample})


def _jackknife(scorer: Any, texts: np.ndarray) -> Influence:
    if len(texts) < 2:
        raise ValueError("self-BLEU compares each text with the others: give two or more")

    def compute(samples: Rows) -> Result:
        return result_of(_mean(scorer, samples["generated"].tolist()), 0.0, len(texts), "", {})

    if len(texts) == 2:
        return Influence(float(compute({"generated": texts}).value), {"generated": np.zeros(2)})
    return jackknife(compute, {"generated": texts})[""]


def _split(scorer: Any, texts: np.ndarray) -> np.ndarray:
    """Tokenise texts, each to a tuple of tokens ``[text]``."""
    split = np.empty(len(texts), object)
    split[:] = [tuple(scorer.tokenizer(text.rstrip()).split()) for text in texts]
    return split


def _mean(scorer: Any, texts: Sequence[Sequence[str]]) -> float:
    """Compute the mean BLEU of each text against the others."""
    matched, total = (np.zeros((len(texts), ORDERS), int) for _ in range(2))
    for order in range(1, ORDERS + 1):
        counts = [ngrams(text, order) for text in texts]
        most: Counter[tuple[str, ...]] = Counter()  # largest count in a text
        second: Counter[tuple[str, ...]] = Counter()  # in the others, where it is smaller or the same
        for one in counts:
            for ngram, count in one.items():
                second[ngram] = max(second[ngram], min(count, most[ngram]))
                most[ngram] = max(most[ngram], count)
        for i, one in enumerate(counts):
            total[i, order - 1] = one.total()
            matched[i, order - 1] = sum(
                min(count, second[ngram] if count == most[ngram] else most[ngram])
                for ngram, count in one.items()
            )
    lengths = [len(text) for text in texts]
    ordered = sorted(lengths)
    return float(
        np.mean(
            [
                scorer.compute_bleu(
                    correct.tolist(),
                    whole.tolist(),
                    length,
                    _closest_other(ordered, length),
                    scorer.smooth_method,
                    scorer.smooth_value,
                    scorer.effective_order,
                ).score
                for correct, whole, length in zip(matched, total, lengths, strict=True)
            ]
        )
    )


def _closest_other(ordered: Sequence[int], length: int) -> int:
    """Return the closest length of another text, the shorter of two; one of this length is its own."""
    place = bisect_left(ordered, length)
    above = ordered[place + 1] if place + 1 < len(ordered) else None
    below = ordered[place - 1] if place else None
    if above is None or (below is not None and length - below <= above - length):
        assert below is not None
        return below
    return above


def _words_of_forty(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, list[str]]:
    """Draw texts of 8 of 40 words; at a shift the first ones are more frequent, and texts repeat more."""

    def draw(size: int, slope: float) -> list[str]:
        weights = np.exp(-2 * slope * np.linspace(0, 1, 40))
        numbers = rng.choice(40, size=(size, 8), p=weights / weights.sum())
        return [" ".join(f"w{number}" for number in row) for row in numbers]

    return {"real": draw(n, 0.0), "generated": draw(m, shift)}


def recipe() -> MetricRecipe:
    """Return how self-BLEU is checked."""
    return MetricRecipe(partial(self_bleu_metric), _words_of_forty, size=40, rotates=False)
