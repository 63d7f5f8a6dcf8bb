"""Define words of an autoregressive model, tempered as whole words and enumerated."""

from dataclasses import replace
from math import inf

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.finite_states import all_words, make_enumerated, one_hot, uniform_proposal
from jgen.targets.parts import check_options
from jgen.types import Array, Target


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
    needs = "vocabulary >= 2, length >= 1, at most 10^5 words and temperature > 0"
    fulfilled = vocabulary >= 2 and length >= 1 and vocabulary**length <= 10**5 and 0 < temperature < inf
    options = {"vocabulary": vocabulary, "length": length, "temperature": temperature}
    check_options("autoregressive", needs, fulfilled, **options)
    index = np.arange(vocabulary)
    lag = np.arange(1, length)[:, None, None]
    links = 2 * np.cos(lag + 2 * index[:, None] + 3 * index) / lag  # [lag, earlier, later]
    bias = np.cos(index)  # [symbol]
    words = all_words(vocabulary, length)
    log_weights = log_prob_in_float64(bias, links, words) / temperature
    target = make_enumerated(
        words,
        log_weights,
        words,
        log_density=Partial(log_density, bias, links, temperature),
        expectations={"marginals": (Partial(one_hot, bias), np.eye(vocabulary)[words])},
        source="enumeration",
        **uniform_proposal(vocabulary, length, log_weights),
    )
    return replace(target, log_evidence=round(float(target.log_evidence or 0.0), 12))


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
