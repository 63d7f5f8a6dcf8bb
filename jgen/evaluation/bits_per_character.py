"""Compute bits per character of log-probabilities of held-out texts, whatever the tokenizer."""

from collections.abc import Sequence

import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen.evaluation.metric import Rows, evaluate, keep_rows
from jgen.evaluation.recipe import MetricRecipe
from jgen.evaluation.sequence_log_probs import exact_null, leak_flags, nats_per_unit, read_sequences
from jgen.evaluation.texts import read_texts
from jgen.types import Influence, Metric, Result


def bits_per_character(
    *,
    log_prob: ArrayLike,
    texts: Sequence[str] | None = None,
    num_characters: ArrayLike | None = None,
    entropy_rate: float | None = None,
) -> Result:
    r"""Compute the bits per character of a model on held-out texts, which compares across tokenizers.

    .. math:: -\sum_i \log_2 p(x_i) \Big/ \sum_i C_i, \qquad C_i \text{ characters in text } i.

    A character is a Unicode code point. A model of tokens is charged for the spelling that its tokenizer
    chose: the probability of the text, the sum over all spellings, may be larger. The 95 % interval is of the
    value of the distribution of texts: delta method of the ratio by text, corrected for skewness.

    Args:
        log_prob: Of each text, over all its tokens, in nats ``[text]`` (``sum_log_probs`` sums them).
        texts: The texts, whose characters are counted; or
        num_characters: characters of each ``[text]``.
        entropy_rate: Entropy of the source in nats per character, or a lower bound of it. A model whose value
            is below by more than 3 standard errors is flagged ``"leak"``.

    Returns:
        A ``Result`` in bits; its null and ceiling are the entropy, where it is given.

    Raises:
        ValueError: For both of ``texts`` and ``num_characters`` or neither, other shapes, no character, NaN,
            or log-probabilities above 0.

    Example:
        >>> texts = ["abba", "abb"]
        >>> print(bits_per_character(log_prob=[-4 * np.log(2), -3 * np.log(2)], texts=texts).value)
        1.0

    Reference:
        Gao et al. (2020), The Pile, section 3.1; Cochran (1977), Sampling techniques, chapter 6.
    """
    if (texts is None) == (num_characters is None):
        raise ValueError("give either the texts or num_characters")
    counts = num_characters if texts is None else [len(text) for text in read_texts("texts", texts)]
    metric = bits_per_character_metric(entropy_rate=entropy_rate)
    return evaluate(metric, log_prob=log_prob, num_characters=counts)


def bits_per_character_metric(*, entropy_rate: float | None = None) -> Metric:
    """Return bits per character as a metric of ``log_prob`` and ``num_characters``, both ``[text]``.

    The state keeps both, two numbers a text.
    """
    return keep_rows(
        Partial(_compute, entropy_rate),
        names=("log_prob", "num_characters"),
        influence=Partial(_influence),
        read=Partial(read_sequences),
    )


def _compute(entropy_rate: float | None, rows: Rows) -> Result:
    nats, _ = nats_per_unit(rows, "num_characters")
    value, low, high = (end / np.log(2) for end in nats[:3])
    least = None if entropy_rate is None else float(entropy_rate / np.log(2))
    return nats._replace(
        value=value,
        low=low,
        high=high,
        method="bits per character, ratio over texts",
        protocol={"unit": "character", "log": "bits"},
        flags=(*nats.flags, *leak_flags(nats, entropy_rate)),
        null=None if least is None else exact_null(least),
        ceiling=least,
    )


def _influence(rows: Rows) -> Influence:
    """Compute the influence of each text with characters, under ``log_prob``."""
    nats, influence = nats_per_unit(rows, "num_characters")
    return Influence(float(nats.value / np.log(2)), {"log_prob": influence / np.log(2)})


def _coins(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, np.ndarray]:
    """Draw texts of 1 to 60 fair coins, under a model for which heads have the log odds ``-shift``."""
    del m
    length = rng.integers(1, 61, size=n)
    heads = rng.binomial(length, 0.5)
    log_prob = -heads * np.logaddexp(0, shift) - (length - heads) * np.logaddexp(0, -shift)
    return {"log_prob": log_prob, "num_characters": length}


def recipe() -> MetricRecipe:
    """Return how bits per character are checked: on fair coins."""
    return MetricRecipe(
        Partial(bits_per_character_metric, entropy_rate=float(np.log(2))),
        _coins,
        truth=lambda shift: float(np.logaddexp(0, shift) + np.logaddexp(0, -shift)) / 2 / np.log(2),
        rotates=False,
    )
