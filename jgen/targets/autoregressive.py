"""Words from an autoregressive model at a temperature of the whole word: discrete, exact by listing."""

from math import log

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.finite_states import all_words, table, uniform_words, weigh
from jgen.types import Array, Target, Trait


def autoregressive(vocabulary: int = 5, length: int = 4, temperature: float = 0.5) -> Target:
    r"""Words w of an autoregressive model, with probability proportional to p(w)^(1/T).

    .. math:: p(w) = \prod_t softmax\Big(b + \sum_{s < t} A_{t - s, w_s}\Big)_{w_t}, \qquad
        Z = \sum_w p(w)^{1/T}

    At T = 1 it is the model and log Z = 0. Below, it is what reading off the likeliest words tends to,
    and is *not* what softmax(logits / T) at each token draws: that one forgets how likely the rest
    of the word is. Every token hears all those before it, by a table of cosines, so nothing factorises; the
    625 words of the default are listed.

    The proposal is uniform over words, and ``log_bound`` the weight of the likeliest word.

    Args:
        vocabulary: Symbols, at least 2.
        length: Symbols a word, at least 1; there are vocabulary^length words, at most 10^5.
        temperature: T, above 0.

    Returns:
        The target; its position is an integer array ``[length]``; ``mean`` and ``variance`` are those of
        the symbols' numbers.

    Raises:
        ValueError: A size is too small, the words are too many to list, or ``temperature`` is not positive.

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
    log_weights = host_log_prob(bias, links, words) / temperature
    law = weigh(words, log_weights)
    marginals = np.stack([law.probabilities @ (words == symbol) for symbol in index], 1)  # [length, symbol]
    return Target(
        log_density=Partial(log_density, jnp.asarray(bias), jnp.asarray(links), temperature),
        start=jnp.asarray(words[log_weights.argmax()]),
        sample=table(law.probabilities, words),
        mean=jnp.asarray(law.mean),
        variance=jnp.asarray(law.variance),
        log_evidence=round(law.log_evidence, 12),
        expectations={"marginals": (Partial(one_hot, jnp.asarray(bias)), jnp.asarray(marginals))},
        proposal=uniform_words(vocabulary, length),
        log_bound=float(log_weights.max()) + length * log(vocabulary),
        name="autoregressive",
        traits=frozenset({Trait.DISCRETE}),
        source="enumeration",
    )


def host_log_prob(bias: np.ndarray, links: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Gives log p of ``words [word, length]`` in float64, ``[word]``."""
    total = np.zeros(len(words))
    for t in range(words.shape[1]):
        logits = bias + sum(links[t - s - 1, words[:, s]] for s in range(t))  # [symbol] or [word, symbol]
        logits = np.broadcast_to(logits, (len(words), len(bias)))
        chosen = np.take_along_axis(logits, words[:, t, None], 1)[:, 0]
        total += chosen - np.log(np.exp(logits).sum(1))
    return total


def log_density(bias: Array, links: Array, temperature: float, word: Array) -> Array:
    """Gives log p(word) / T for the integers ``word [length]``; -inf where a symbol does not exist."""
    total = jnp.zeros((), bias.dtype)
    for t in range(len(word)):
        logits = bias
        for s in range(t):
            logits = logits + links[t - s - 1, word[s]]  # [symbol]
        total += jax.nn.log_softmax(logits)[word[t]]
    return jnp.where(((word >= 0) & (word < len(bias))).all(), total / temperature, -jnp.inf)


def one_hot(bias: Array, word: Array) -> Array:
    """Indicators of the symbols of ``word [length]``, ``[length, symbol]``."""
    return jax.nn.one_hot(word, len(bias), dtype=bias.dtype)
