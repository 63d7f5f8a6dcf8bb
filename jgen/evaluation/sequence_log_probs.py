"""Read log-probabilities of sequences, and estimate their mean per token (or per character)."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from jgen.evaluation.metric import result_of
from jgen.evaluation.results import mean_result
from jgen.types import Result

LEAK_ERRORS = 3
"""Standard errors below the entropy at which a model is taken to have seen the test set."""
ROUNDING = 1e-6
"""Relative error of sums of log-probabilities in float32."""


def sum_log_probs(log_prob: Any, mask: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Sum the log-probabilities of tokens over each sequence, in float64, without padding.

    Args:
        log_prob: Of each token given those before it, in nats ``[sequence, token]``.
        mask: True for tokens, False for padding, whose numbers are not read ``[sequence, token]``; None for
            tokens alone.

    Returns:
        The sums ``[sequence]`` in nats, and the numbers of tokens ``[sequence]``.

    Raises:
        ValueError: For arrays of other shapes or a mask that is not of truth values.

    Example:
        >>> sum_log_probs([[-1.0, -2.0], [-3.0, 0.0]], [[True, True], [True, False]])
        (array([-3., -3.]), array([2, 1]))
    """
    log_prob = np.asarray(log_prob, np.float64)
    mask = np.ones(log_prob.shape, bool) if mask is None else np.asarray(mask)
    if log_prob.ndim != 2 or mask.shape != log_prob.shape:
        raise ValueError(
            f"log_prob and mask must both be [sequence, token]; got {log_prob.shape} and {mask.shape}. Sums "
            "of sequences [sequence] are given with num_tokens"
        )
    if mask.dtype != bool and not np.isin(mask, (0, 1)).all():
        raise ValueError("mask must be True for tokens and False for padding")
    mask = mask.astype(bool)
    with np.errstate(invalid="ignore"):  # NaN where +inf and -inf meet, which metrics refuse
        return np.where(mask, log_prob, 0.0).sum(1), mask.sum(1)


def sums_and_counts(log_prob: Any, mask: Any, num_tokens: Any) -> tuple[Any, Any]:
    """Return sums and numbers of tokens from either form: tokens with a mask, or sums with numbers."""
    if num_tokens is None:
        return sum_log_probs(log_prob, mask)
    if mask is not None:
        raise ValueError("give a mask with log_prob [sequence, token], or num_tokens with sums; not both")
    return log_prob, num_tokens


def read_sequences(name: str, numbers: Any) -> np.ndarray:
    """Check the log-probabilities, or the numbers of tokens or characters, of sequences ``[sequence]``.

    Raises:
        ValueError: For another shape, NaN, log-probabilities above 0, or numbers that count nothing.
    """
    values = np.asarray(numbers, np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"{name} must be one number a sequence, [sequence]; got shape {values.shape}")
    if np.isnan(values).any():
        raise ValueError(
            f"{name} has {np.isnan(values).sum()} NaN among {values.size}; the first is row "
            f"{np.isnan(values).argmax()}"
        )
    if name != "log_prob":
        if not ((values >= 0) & (values == np.round(values)) & np.isfinite(values)).all():
            raise ValueError(f"{name} counts, so it must be whole and not below 0; got {values.min():g}")
    elif (values > 1e-3).any():  # a sum of float32 rounding errors of tokens of probability 1
        raise ValueError(
            f"log_prob is {values.max():g}: probabilities of tokens are 1 at most, so their logs are not "
            "above 0. Densities of continuous values have no perplexity"
        )
    return values


def nats_per_unit(rows: Mapping[str, np.ndarray], unit: str) -> tuple[Result, np.ndarray]:
    r"""Estimate the expected negative log-probability over the expected number of units, of sequences.

    With the sums :math:`s_i` and the numbers :math:`c_i` of the sequences,

    .. math:: R = -\sum_i s_i / \sum_i c_i, \qquad \phi_i = -(s_i + R \, c_i) / \bar c.

    Args:
        rows: ``log_prob`` in nats, and the numbers under ``unit``, each ``[sequence]``. Sequences of no unit,
            as those that pad a batch, are left out.
        unit: ``"num_tokens"`` or ``"num_characters"``.

    Returns:
        The ratio with its interval by sequences, and the influence of each.

    Raises:
        ValueError: For no unit at all, numbers that do not match, or a probability of nothing.
    """
    log_prob, count = rows["log_prob"], rows[unit]
    if log_prob.shape != count.shape:
        raise ValueError(f"{unit} must be one a sequence: got {count.size} for {log_prob.size} sequences")
    if (log_prob[count == 0] != 0).any():
        raise ValueError(f"a sequence of {unit} 0 must have log_prob 0: its probability is of nothing")
    log_prob, count = log_prob[count > 0], count[count > 0]
    if not count.size:
        raise ValueError(f"{unit} are all 0: there is nothing to average over")
    ratio = -log_prob.sum() / count.sum()
    with np.errstate(invalid="ignore"):
        influence = -(log_prob + ratio * count) / count.mean()
        result = mean_result(ratio + influence, "ratio of sums over sequences", {})
    return result._replace(value=ratio), influence


def exact_null(value: float) -> Result:
    """Return what the exact model reads on average; how far readings scatter depends on its test set."""
    return result_of(value, np.nan, 0, "entropy rate of the source", {})._replace(flags=())


def leak_flags(nats: Result, entropy_rate: float | None) -> tuple[str, ...]:
    """Return the word ``leak`` with a sentence where a model is better than the source itself.

    Args:
        nats: Mean negative log-probability per unit.
        entropy_rate: Least expected value of any model in nats per unit; None where it is not known.
    """
    if entropy_rate is None:
        return ()
    error = float(nats.standard_error)
    below = entropy_rate - float(nats.value)
    if not below > LEAK_ERRORS * error + ROUNDING * entropy_rate:
        return ()
    return (
        "leak",
        f"{float(nats.value):.4g} nats are below the entropy, {entropy_rate:.4g}, by more than {LEAK_ERRORS} "
        f"standard errors ({error:.2g}): the model has seen the test set",
    )


def tokenizer_protocol(tokenizer: Any) -> dict[str, str]:
    """Return the name of a tokenizer, and the digest of its fields where it has some.

    Args:
        tokenizer: A name, or a tokenizer of ``jgen.data`` (any named tuple that sets how text is split).

    Raises:
        ValueError: For an empty name or an object that is neither.

    Example:
        >>> from jgen.data import Characters
        >>> tokenizer_protocol(Characters("ab"))
        {'tokenizer': 'Characters', 'digest': '...'}
    """
    if isinstance(tokenizer, str) and tokenizer:
        return {"tokenizer": tokenizer, "digest": ""}
    if hasattr(tokenizer, "_asdict"):
        digest = hashlib.sha256(repr(tokenizer._asdict()).encode()).hexdigest()[:12]
        return {"tokenizer": type(tokenizer).__name__, "digest": digest}
    raise ValueError(
        f"tokenizer must be a name or a tokenizer of jgen.data; got {tokenizer!r}: perplexities of different "
        "tokenizers do not compare"
    )
