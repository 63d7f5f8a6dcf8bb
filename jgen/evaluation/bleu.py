"""Compute corpus BLEU by sacreBLEU, with its signature and an interval."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from jax.tree_util import Partial

from jgen.evaluation.corpus_scores import compute_score, sacrebleu_metrics, score_influence
from jgen.evaluation.metric import evaluate
from jgen.evaluation.recipe import Known, MetricRecipe
from jgen.evaluation.text_pairs import keep_pairs, word_pairs
from jgen.types import Metric, Result

ORDERS = 4


def bleu(
    *,
    real: Sequence[str | Sequence[str]],
    generated: Sequence[str],
    tokenize: str = "13a",
    smooth_method: str = "exp",
    effective_order: bool = False,
    lowercase: bool = False,
    last_as_null: bool = False,
) -> Result:
    r"""Compute corpus BLEU, 0 to 100, of hypotheses against their references.

    With matched and all n-grams :math:`M_n, T_n`, lengths c of the hypotheses and r of the references, all
    of them summed over the corpus,

    .. math:: 100 \, \min(1, e^{1 - r / c}) \Big(\prod_{n=1}^4 M_n / T_n\Big)^{1/4}.

    The 95 % interval is of the BLEU of the distribution of pairs: the influence of each pair in closed form
    (delta method on the sums), with Student's quantile, corrected for skewness. There is no null
    unless a reference of each pair is spared for it (``last_as_null``).

    Args:
        real: References: for each hypothesis one string, or a list of them.
        generated: Hypotheses ``[text]``.
        tokenize: Tokenizer of sacreBLEU: ``"13a"``, ``"intl"``, ``"zh"``, ``"char"``, ``"none"``, ...
        smooth_method: What replaces an n-gram precision of 0: ``"exp"``, ``"floor"``, ``"add-k"`` or
            ``"none"``. Where one is replaced the value rests on it, which is flagged.
        effective_order: Whether orders longer than all hypotheses are left out.
        lowercase: Whether case is ignored.
        last_as_null: Whether the last reference of each pair is no reference, but what the null reads: a
            person's hypothesis.

    Returns:
        A ``Result`` with sacreBLEU's signature in its protocol. Its metric keeps the texts.

    Raises:
        ValueError: For no text, lists of unequal length, unknown options, or hypotheses all shorter than four
            words without effective order: no 4-gram is there to be matched.
        UsageError: If sacreBLEU is not installed.

    Example:
        >>> result = bleu(real=["the cat is on the mat"], generated=["the cat is on mat"])
        >>> print(f"{result.value:.8f}", result.protocol["signature"].partition("|version")[0])
        57.89300675 nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp

    Reference:
        Papineni, Roukos, Ward, Zhu (2002), BLEU, ACL; Post (2018), A call for clarity in reporting BLEU
        scores, WMT.
    """
    metric = bleu_metric(
        tokenize=tokenize,
        smooth_method=smooth_method,
        effective_order=effective_order,
        lowercase=lowercase,
        last_as_null=last_as_null,
    )
    return evaluate(metric, real=real, generated=generated)


def bleu_metric(
    *,
    tokenize: str = "13a",
    smooth_method: str = "exp",
    effective_order: bool = False,
    lowercase: bool = False,
    last_as_null: bool = False,
) -> Metric:
    """Return BLEU as a metric, whose state keeps the texts; the options are those of ``bleu``."""
    make = partial(_scorer, tokenize, smooth_method, effective_order, lowercase)
    make()  # refuses unknown options now
    linearise = partial(_linearise, smooth_method, effective_order)
    compute = Partial(compute_score, make, linearise, "corpus BLEU", {}, _flags)
    return keep_pairs(compute, Partial(score_influence, make, linearise), last_as_null=last_as_null)


def _scorer(tokenize: str, smooth_method: str, effective_order: bool, lowercase: bool) -> Any:
    metrics = sacrebleu_metrics("bleu")
    for label, option, known in (
        ("tokenize", tokenize, metrics.BLEU.TOKENIZERS),
        ("smooth_method", smooth_method, metrics.BLEU.SMOOTH_DEFAULTS),
    ):
        if option not in known:
            raise ValueError(f"{label} must be one of {', '.join(sorted(known))}; got {option!r}")
    return metrics.BLEU(
        tokenize=tokenize,
        smooth_method=smooth_method,
        effective_order=effective_order,
        lowercase=lowercase,
        force=True,
    )


def _linearise(smooth_method: str, effective_order: bool, sums: np.ndarray) -> tuple[float, np.ndarray]:
    """Compute BLEU and its gradient by the sums: lengths of hypotheses, of references, M_n, then T_n."""
    length, reference_length = sums[:2]
    matched, total = sums[2 : 2 + ORDERS], sums[2 + ORDERS :]
    gradient = np.zeros_like(sums)
    if not matched.any():
        return 0.0, gradient
    if not effective_order and not total.all():
        raise ValueError(
            f"all hypotheses have fewer than {np.argmin(total > 0) + 1} words, so BLEU of order {ORDERS} is "
            "not defined: pass effective_order=True, or give longer texts"
        )
    bleu_class = sacrebleu_metrics("bleu").BLEU
    value = bleu_class.compute_bleu(
        matched.tolist(), total.tolist(), int(length), int(reference_length), smooth_method, None,
        effective_order,
    ).score  # fmt: skip
    add = np.where(np.arange(ORDERS) > 0, bleu_class.SMOOTH_DEFAULTS["add-k"], 0) * (smooth_method == "add-k")
    orders = (total + add > 0).sum() if effective_order else ORDERS
    matched, total = matched + add, total + add
    by_matched = np.divide(1.0, matched, out=np.zeros(ORDERS), where=matched > 0)
    by_total = np.divide(-1.0, total, out=np.zeros(ORDERS), where=total > 0)
    gradient[2 : 2 + ORDERS], gradient[2 + ORDERS :] = by_matched / orders, by_total / orders
    if length < reference_length:
        gradient[0], gradient[1] = reference_length / length**2, -1 / length
    return value, value * gradient


def _flags(sums: np.ndarray) -> tuple[str, ...]:
    """Say where the value rests on the smoothing, or nothing matches."""
    matched, total = sums[2 : 2 + ORDERS], sums[2 + ORDERS :]
    if not matched.any():
        return ("beyond_resolution", "no word of a hypothesis is in its references")
    empty = [str(order + 1) for order in range(ORDERS) if total[order] and not matched[order]]
    if empty:
        return (f"no n-gram of order {' or '.join(empty)} matches: the value rests on the smoothing",)
    return ()


def _known() -> list[Known]:
    cat = "the cat is on the mat"
    cases = [(cat, "the cat is on mat", 57.893006746741765), (cat, "the " * 7, 7.809849842300637)]
    cases += [("no", "yes", 0.0), ("a b", "", 0.0)]
    return [
        Known(
            f"{hypothesis!r} of {reference!r}",
            {"real": [(reference, cat)], "generated": [hypothesis]},
            {"": value},
        )
        for reference, hypothesis, value in cases
    ]


def recipe() -> MetricRecipe:
    """Return how BLEU is checked."""
    metric = partial(bleu_metric, last_as_null=True)
    return MetricRecipe(metric, word_pairs, rotates=False, is_paired=True, known=_known)
