"""Compute ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum of texts in any script, with intervals."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from jax.tree_util import Partial

from jgen.evaluation.metric import evaluate
from jgen.evaluation.recipe import MetricRecipe
from jgen.evaluation.text_pairs import Pairs, keep_pairs, pairs_result, with_null, word_pairs
from jgen.evaluation.texts import ngrams, words
from jgen.types import Influence, Metric, Result

FLAVOUR = "F1 of the best reference, mean over pairs; NFKC, lower case, Unicode words, no stemming"


class Rouge(NamedTuple):
    """ROUGE of one set of pairs: mean F1 scores, 0 to 1.

    Attributes:
        rouge1: Overlap of words.
        rouge2: Overlap of pairs of neighbours.
        rouge_l: Longest common subsequence of the whole texts.
        rouge_lsum: Union of the longest common subsequences of their lines, a line a sentence.
    """

    rouge1: Result
    rouge2: Result
    rouge_l: Result
    rouge_lsum: Result


def rouge(
    *, real: Sequence[str | Sequence[str]], generated: Sequence[str], last_as_null: bool = False
) -> Rouge:
    r"""Compute ROUGE-1, -2, -L and -Lsum of hypotheses against their references.

    Each is the mean over pairs of

    .. math:: F_1 = 2 P R / (P + R), \qquad P = hits / |generated|, \quad R = hits / |real|,

    whose hits are common n-grams (clipped), or words of a longest common subsequence. Of several references
    the one with the largest F1 counts, for each of the four by itself. Words are runs of letters, marks and
    digits of any script, in lower case and without stemming (``texts.words``); of English these are the
    numbers of ``rouge_score`` with ``use_stemmer=False``. ROUGE-Lsum takes lines for sentences.

    The 95 % interval is of the expectation over pairs: Student's, corrected for skewness.

    Args:
        real: References: for each hypothesis one string, or a list of them.
        generated: Hypotheses ``[text]``; one without words has F1 = 0.
        last_as_null: Whether the last reference of each pair is no reference, but what the null reads: a
            person's hypothesis. Without it there is no null.

    Returns:
        A ``Rouge`` of four results, with the flavour in their protocols. Its metric keeps the texts.

    Raises:
        ValueError: For no text, lists of unequal length, or references none of which has a word.

    Example:
        >>> found = rouge(real=["the cat is on the mat"] * 2, generated=["the cat is on mat", "a dog"])
        >>> [round(float(one.value), 4) for one in found]
        [0.4545, 0.3333, 0.4545, 0.4545]

    Reference:
        Lin (2004), ROUGE: a package for automatic evaluation of summaries, ACL workshop.
    """
    return evaluate(rouge_metric(last_as_null=last_as_null), real=real, generated=generated)


def rouge_metric(*, last_as_null: bool = False) -> Metric:
    """Return ROUGE as a metric, whose state keeps the texts; the option is that of ``rouge``."""
    return keep_pairs(Partial(_compute), Partial(_influence), last_as_null=last_as_null)


def _compute(pairs: Pairs) -> Rouge:
    return Rouge(**{name: with_null(partial(_result, name), pairs) for name in SCORES})


def _result(name: str, pairs: Pairs) -> Result:
    values = _values(name, pairs)
    protocol = {"rouge": name, "flavour": FLAVOUR}
    result = pairs_result(float(values.mean()), values - values.mean(), f"{name}, F1", protocol)
    return result._replace(ceiling=1.0)


def _influence(pairs: Pairs) -> Rouge:
    found = {}
    for name in SCORES:
        values = _values(name, pairs)
        by_sample = {"real": values - values.mean(), "generated": np.zeros(len(values))}
        found[name] = Influence(float(values.mean()), by_sample)
    return Rouge(**found)  # type: ignore[arg-type]


def _values(name: str, pairs: Pairs) -> np.ndarray:
    """Compute the F1 of each pair ``[pair]``."""
    f1 = SCORES[name]
    for references in pairs.real:
        if not any(words(reference) for reference in references):
            raise ValueError(f"a reference without words has no ROUGE: {references[0]!r}; leave its pair out")
    return np.array(
        [
            max(f1(reference, hypothesis) for reference in references)
            for hypothesis, references in zip(pairs.generated, pairs.real, strict=True)
        ]
    )


def _f1(hits: float, num_real: int, num_generated: int) -> float:
    return 2 * hits / (num_real + num_generated) if hits else 0.0


def _of_ngrams(order: int, real: str, generated: str) -> float:
    ours, theirs = ngrams(words(generated), order), ngrams(words(real), order)
    return _f1((ours & theirs).total(), theirs.total(), ours.total())


def _of_subsequence(real: str, generated: str) -> float:
    theirs, ours = words(real), words(generated)
    return _f1(_lengths(theirs, ours)[-1][-1], len(theirs), len(ours))


def _of_lines(real: str, generated: str) -> float:
    """Compute ROUGE-Lsum; a word counts as often as it is in both texts, as in ROUGE 1.5.5."""
    theirs, ours = ([words(line) for line in text.split("\n") if line] for text in (real, generated))
    left: Mapping[str, int] = Counter(word for line in theirs for word in line) & Counter(
        word for line in ours for word in line
    )
    spare, hits = Counter(left), 0
    for line in theirs:
        for i in sorted(set().union(*(_common(line, other) for other in ours))):
            if spare[line[i]] > 0:
                spare[line[i]] -= 1
                hits += 1
    return _f1(hits, sum(map(len, theirs)), sum(map(len, ours)))


def _lengths(first: Sequence[str], second: Sequence[str]) -> list[list[int]]:
    """Compute the lengths of longest common subsequences of all beginnings, ``[first + 1, second + 1]``."""
    table = [[0] * (len(second) + 1)]
    for one in first:
        above, row = table[-1], [0]
        for j, other in enumerate(second):
            row.append(above[j] + 1 if one == other else max(above[j + 1], row[j]))
        table.append(row)
    return table


def _common(first: Sequence[str], second: Sequence[str]) -> list[int]:
    """Return the places in the first of one longest common subsequence: of several, as in rouge_score."""
    table = _lengths(first, second)
    i, j, places = len(first), len(second), []
    while i and j:
        if first[i - 1] == second[j - 1]:
            i, j = i - 1, j - 1
            places.append(i)
        elif table[i][j - 1] > table[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return places


SCORES: dict[str, Callable[[str, str], float]] = {
    "rouge1": partial(_of_ngrams, 1),
    "rouge2": partial(_of_ngrams, 2),
    "rouge_l": _of_subsequence,
    "rouge_lsum": _of_lines,
}


def recipe() -> MetricRecipe:
    """Return how ROUGE is checked."""
    return MetricRecipe(
        partial(rouge_metric, last_as_null=True), word_pairs, size=60, rotates=False, is_paired=True
    )
