"""Compute scores of sacreBLEU with intervals: functions of counts that are summed over sentences."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jgen.errors import UsageError
from jgen.evaluation.text.text_pairs import Pairs, pairs_result, with_null
from jgen.types import Influence, Result

Linearise = Callable[[np.ndarray], tuple[float, np.ndarray]]
"""``(sums [count]) -> (value, gradient [count])``; it raises what a user should read."""


def sacrebleu_metrics(name: str) -> Any:
    """Return the metrics of sacreBLEU.

    Raises:
        UsageError: If it is not installed; it names the extra.
    """
    try:
        from sacrebleu import metrics
    except ModuleNotFoundError as error:
        raise UsageError(f'{name} needs sacrebleu: pip install "jgen[text]"') from error
    return metrics


def sentence_counts(scorer: Any, pairs: Pairs) -> np.ndarray:
    """Count what sacreBLEU sums over a corpus, ``[sentence, count]``; it sets the signature of the scorer."""
    most = max(map(len, pairs.real))
    streams = [[row[i] if i < len(row) else None for row in pairs.real] for i in range(most)]
    return np.array(scorer._extract_corpus_statistics(pairs.generated, streams), np.float64)


def influence_of_sums(counts: np.ndarray, linearise: Linearise) -> tuple[float, np.ndarray]:
    r"""Compute a function of sums, and the influence of each sentence by the delta method.

    .. math:: \phi_i = n \, \nabla f\Big(\sum_j s_j\Big)^T (s_i - \bar s)

    Args:
        counts: ``[sentence, count]``.
        linearise: The function with its gradient.

    Returns:
        The value, and ``[sentence]``.
    """
    value, gradient = linearise(counts.sum(0))
    return value, len(counts) * (counts - counts.mean(0)) @ gradient


def compute_score(
    make: Callable[[], Any],
    linearise: Linearise,
    method: str,
    options: Mapping[str, Any],
    flags_of: Callable[[np.ndarray], tuple[str, ...]],
    pairs: Pairs,
) -> Result:
    """Compute a score of pairs, with its signature, its interval and its null.

    Args:
        make: Makes the scorer of sacreBLEU.
        linearise: The score as a function of sums.
        method: How it is computed, in a few words.
        options: Entries of the protocol beside the signature.
        flags_of: Sums -> what is wrong with the score.
        pairs: Hypotheses and references.
    """

    def compute(pairs: Pairs) -> Result:
        scorer = make()
        counts = sentence_counts(scorer, pairs)
        value, influence = influence_of_sums(counts, linearise)
        protocol = {"signature": str(scorer.get_signature()), **options}
        result = pairs_result(value, influence, method, protocol)
        return result._replace(flags=(*result.flags, *flags_of(counts.sum(0))), ceiling=100.0)

    return with_null(compute, pairs)


def score_influence(make: Callable[[], Any], linearise: Linearise, pairs: Pairs) -> Influence:
    """Compute the influence of each pair on a score; the hypotheses have none beside it."""
    value, influence = influence_of_sums(sentence_counts(make(), pairs), linearise)
    return Influence(value, {"real": influence, "generated": np.zeros(len(influence))})
