"""Define words of an autoregressive model, tempered as whole words and enumerated."""

from math import log

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.finite_states import all_words, enumerate_weights, table_sampler, uniform_words
from jgen.targets.parts import make_target
from jgen.types import Array, Target, Trait


def autoregressive(vocabulary: int = 5, length: int = 4, temperature: float = 0.5) -> Target:
    r"""Make words w of an autoregressive model, with probability proportional to p(w)^(1/T).

    .. math:: p(w) = \prod_t softmax\Big(b + \sum_{s < t} A_{t - s, w_s}\Big)_{w_t}, \qquad
        Z = \sum_w p(w)^{1/T}

    At T = 1 it is the model and log Z = 0. Below, it concentrates on the likeliest words, and
    is *not* what softmax(logits / T) at each token draws: that ignores how likely the rest of the word is.
    Every token depends on all those before it, by a table of cosines, so nothing factorises; the 625 words of
    the default are enumerated.

    The proposal is uniform over words, and ``log_bound`` the weight of the likeliest word.

    Args:
        vocabulary: Symbols, at least 2.
        length: Symbols a word, at least 1; there are vocabulary^length words, at most 10^5.
        temperature: T, above 0.

    Returns:
        The target; its position is an integer array ``[length]``; ``mean`` and ``variance`` are those of
        the symbols' numbers.

    Raises:
        ValueError: A size is too small, there are too many words to enumerate, or ``temperature`` is not
        positive.

    Example:
        >>> abs(autoregressive(temperature=1.0).log_evidence) < 1e-12  # words of a normalised model
        True
        >>> round(autoregressive(temperature=2.0).log_evidence, 6)
        2.458402

    Reference:
        Enumeration.
    """
    if vocabulary < 2 or length < 1 or vocabulary**length > 10**5:
        raise ValueError(
            "autoregressive needs vocabulary >= 2, length >= 1 and at most 10^5 words, "
            f"got vocabulary={vocabulary}, length={length}."
        )
    if not 0 < temperature < float("inf"):
        raise ValueError(f"autoregressive needs temperature > 0, got temperature={temperature}.")
    index = np.arange(vocabulary)
    lag = np.arange(1, length)[:, None, None]
    links = 2 * np.cos(lag + 2 * index[:, None] + 3 * index) / lag  # [lag, earlier, later]
    bias = np.cos(index)  # [symbol]
    words = all_words(vocabulary, length)
    log_weights = log_prob_in_float64(bias, links, words) / temperature
    enumeration = enumerate_weights(words, log_weights)
    probabilities = enumeration.probabilities
    marginals = np.stack([probabilities @ (words == symbol) for symbol in index], 1)  # [length, symbol]
    return make_target(
        Trait.DISCRETE,
        log_density=Partial(log_density, bias, links, temperature),
        start=words[log_weights.argmax()],
        sample=table_sampler(probabilities, words),
        mean=enumeration.mean,
        variance=enumeration.variance,
        log_evidence=round(enumeration.log_evidence, 12),
        expectations={"marginals": (Partial(one_hot, bias), marginals)},
        proposal=uniform_words(vocabulary, length),
        log_bound=log_weights.max() + length * log(vocabulary),
        source="enumeration",
    )


def log_prob_in_float64(bias: np.ndarray, links: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Evaluate log p of ``words [word, length]`` in float64, ``[word]``."""
    total = np.zeros(len(words))
    for t in range(words.shape[1]):
        logits = bias + sum(links[t - s - 1, words[:, s]] for s in range(t))  # [symbol] or [word, symbol]
        logits = np.broadcast_to(logits, (len(words), len(bias)))
        chosen = np.take_along_axis(logits, words[:, t, None], 1)[:, 0]
        total += chosen - np.log(np.exp(logits).sum(1))
    return total


def log_density(bias: Array, links: Array, temperature: float, word: Array) -> Array:
    """Evaluate log p(word) / T for the integers ``word [length]``; -inf where a symbol does not exist."""
    total = jnp.zeros((), bias.dtype)
    for t in range(len(word)):
        logits = bias
        for s in range(t):
            logits = logits + links[t - s - 1, word[s]]  # [symbol]
        total += jax.nn.log_softmax(logits)[word[t]]
    return jnp.where(((word >= 0) & (word < len(bias))).all(), total / temperature, -jnp.inf)


def one_hot(bias: Array, word: Array) -> Array:
    """Return indicators of the symbols of ``word [length]``, ``[length, symbol]``."""
    return jax.nn.one_hot(word, len(bias), dtype=bias.dtype)
