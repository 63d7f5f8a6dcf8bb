"""Compute the perplexity per token of log-probabilities of held-out sequences."""

from typing import Any

import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen.evaluation.metric import Rows, evaluate, keep_rows
from jgen.evaluation.recipe import MetricRecipe
from jgen.evaluation.sequence_log_probs import (
    exact_null,
    leak_flags,
    nats_per_unit,
    read_sequences,
    sums_and_counts,
    tokenizer_protocol,
)
from jgen.types import Influence, Metric, Result


def perplexity(
    *,
    log_prob: ArrayLike,
    tokenizer: Any,
    mask: ArrayLike | None = None,
    num_tokens: ArrayLike | None = None,
    entropy_rate: float | None = None,
) -> Result:
    r"""Compute the perplexity of a model on held-out sequences, over all tokens but padding.

    .. math:: \exp\Big(-\sum_i \log p(x_i) \Big/ \sum_i T_i\Big), \qquad T_i \text{ tokens in sequence } i.

    The 95 % interval is of the perplexity of the distribution of sequences, whose tokens may depend on each
    other: delta method of the ratio by sequence, Student's quantile corrected for skewness, then exp of both
    ends.

    Args:
        log_prob: In nats, of each token given those before it ``[sequence, token]``; with ``num_tokens``, of
            whole sequences ``[sequence]``.
        tokenizer: Tokenizer of ``jgen.data``, or the name of another: what a token is. Results of different
            ones refuse to be compared; ``bits_per_character`` compares them.
        mask: True for tokens, False for padding ``[sequence, token]``.
        num_tokens: Tokens of each sequence ``[sequence]``.
        entropy_rate: Entropy of the source in nats per token, or a lower bound of it: no model has less in
            expectation. One whose value is below by more than 3 standard errors is flagged ``"leak"``.

    Returns:
        A ``Result``; its null and ceiling are the perplexity of the source, where ``entropy_rate`` is given.
        A model that gives a sequence probability 0 has infinite perplexity, which is flagged.

    Raises:
        ValueError: For arrays of other shapes, no token, NaN among the tokens, or log-probabilities above 0.

    Example:
        >>> from jgen.data.datasets import markov
        >>> x = np.random.default_rng(0).integers(16, size=(50, 64))  # independent symbols
        >>> result = perplexity(
        ...     log_prob=np.full(x.shape, -np.log(16.0)), tokenizer="symbols",
        ...     entropy_rate=markov.entropy(64) / 64,
        ... )
        >>> print(f"{result.value:.2f}, at least {result.ceiling:.2f}")
        16.00, at least 4.57

    Reference:
        Jelinek, Mercer, Bahl, Baker (1977), Perplexity: a measure of the difficulty of speech recognition
        tasks, JASA 62; Cochran (1977), Sampling techniques, chapter 6.
    """
    sums, counts = sums_and_counts(log_prob, mask, num_tokens)
    metric = perplexity_metric(tokenizer=tokenizer, entropy_rate=entropy_rate)
    return evaluate(metric, log_prob=sums, num_tokens=counts)


def perplexity_metric(*, tokenizer: Any, entropy_rate: float | None = None) -> Metric:
    """Return perplexity as a metric of ``log_prob`` and ``num_tokens``, both ``[sequence]``.

    ``sum_log_probs`` makes them of tokens with a mask. The state keeps both, two numbers a sequence; the
    options are those of ``perplexity``.
    """
    protocol = {**tokenizer_protocol(tokenizer), "unit": "token"}
    return keep_rows(
        Partial(_compute, protocol, entropy_rate),
        names=("log_prob", "num_tokens"),
        influence=Partial(_influence),
        read=Partial(read_sequences),
    )


def _compute(protocol: dict[str, str], entropy_rate: float | None, rows: Rows) -> Result:
    nats, _ = nats_per_unit(rows, "num_tokens")
    ends: Any = np.asarray(nats[:3], np.float64)
    with np.errstate(over="ignore"):
        value, low, high = np.exp(ends)
    least = None if entropy_rate is None else float(np.exp(entropy_rate))
    return nats._replace(
        value=value,
        low=low,
        high=high,
        method="perplexity, ratio over sequences",
        protocol=protocol,
        flags=(*nats.flags, *leak_flags(nats, entropy_rate)),
        null=None if least is None else exact_null(least),
        ceiling=least,
    )


def _influence(rows: Rows) -> Influence:
    """Compute the influence of each sequence with tokens, under ``log_prob``."""
    nats, influence = nats_per_unit(rows, "num_tokens")
    value = float(np.exp(nats.value))
    return Influence(value, {"log_prob": value * influence})


def _markov_pair(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, np.ndarray]:
    """Draw windows of the Markov source under the source mixed with even symbols, more of them at a shift."""
    from jgen.data.datasets import markov

    del m
    cumulated = markov.transition().cumsum(1)
    states: list[np.ndarray] = [np.searchsorted(markov.stationary().cumsum(), rng.random(n)).clip(max=15)]
    for _ in range(31):
        states.append((cumulated[states[-1]] < rng.random((n, 1))).sum(1).clip(max=15))
    x = np.stack(states, 1)  # [window, 32]
    log_prob = np.log(_mixed(markov.transition(), shift))[x[:, :-1], x[:, 1:]]
    return {"log_prob": log_prob.sum(1), "num_tokens": np.full(n, 31)}


def _mixed(transition: np.ndarray, shift: float) -> np.ndarray:
    kept = np.exp(-shift)
    return kept * transition + (1 - kept) / len(transition)


def _truth(shift: float) -> float:
    """Compute the perplexity of the mixed model on the source, per step after the first symbol."""
    from jgen.data.datasets import markov

    log_model = np.log(_mixed(markov.transition(), shift))
    return float(np.exp(-np.sum(markov.stationary()[:, None] * markov.transition() * log_model)))


def recipe() -> MetricRecipe:
    """Return how perplexity is checked: on a Markov source."""
    from jgen.data.datasets import markov

    metric = Partial(perplexity_metric, tokenizer="symbols", entropy_rate=markov.entropy_rate())
    return MetricRecipe(metric, _markov_pair, truth=_truth, rotates=False)
