"""Enumerate a finite state space, and sum over it in float64."""

from collections.abc import Mapping
from itertools import product
from math import log
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Categorical

from jgen.targets.parts import make_target, sample_index
from jgen.types import Array, Key, PyTree, Target, Trait


class Enumeration(NamedTuple):
    """Distribution over a finite list of states.

    Attributes:
        log_evidence: Log of the sum of the weights.
        probabilities: Of each state ``[state]``.
        mean: ``[dim]``.
        variance: ``[dim]``.
    """

    log_evidence: float
    probabilities: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


def all_words(symbols: int, length: int) -> np.ndarray:
    """List every word of the given length over the symbols 0 .. symbols - 1, ``[word, length]``."""
    return np.array(list(product(range(symbols), repeat=length)))


def enumerate_weights(states: np.ndarray, log_weights: np.ndarray) -> Enumeration:
    """Normalise ``log_weights [state]`` and compute the moments of ``states [state, dim]``."""
    top = log_weights.max()
    weights = np.exp(log_weights - top)
    probabilities = weights / weights.sum()
    mean = probabilities @ states
    return Enumeration(
        float(top + np.log(weights.sum())), probabilities, mean, probabilities @ np.square(states - mean)
    )


def make_enumerated(
    states: np.ndarray,
    log_weights: np.ndarray,
    positions: PyTree,
    *,
    expectations: Mapping[str, tuple[Partial, np.ndarray]],
    **fields: Any,
) -> Target:
    """Make a target of which every state is listed: truths are sums over them, and draws one of them.

    Args:
        states: ``[state, dim]``, each ravelled as a position is.
        log_weights: ``[state]``; it starts at the likeliest state.
        positions: The states once more, as a pytree of arrays ``[state, *event]``.
        expectations: Name -> (function of one position, its values ``[state, ...]``).
        **fields: Further arguments of ``make_target``.
    """
    enumeration = enumerate_weights(states, log_weights)
    truths = {
        key: (function, np.einsum("s,s...->...", enumeration.probabilities, values)[()])
        for key, (function, values) in expectations.items()
    }
    return make_target(
        Trait.DISCRETE,
        start=jax.tree.map(lambda column: column[log_weights.argmax()], positions),
        sample=Partial(sample_row, enumeration.probabilities.cumsum(), positions),
        mean=enumeration.mean,
        variance=enumeration.variance,
        log_evidence=enumeration.log_evidence,
        expectations=truths,
        **fields,
    )


def sample_row(cumulative: Array, rows: PyTree, key: Key) -> PyTree:
    """Draw one row of every array ``[row, *event]`` of ``rows``, by cumulative probabilities ``[row]``."""
    row = sample_index(cumulative, key)
    return jax.tree.map(lambda column: column[row], rows)


def uniform_proposal(symbols: int, length: int, log_weights: np.ndarray) -> dict[str, Any]:
    """Return the uniform distribution over words as a proposal, and its bound, that of the likeliest word."""
    uniform = Categorical(probs=np.full((length, symbols), 1 / symbols)).to_event(1)
    return {"proposal": uniform, "log_bound": log_weights.max() + length * log(symbols)}


def one_hot(like: Array, word: Array) -> Array:
    """Return indicators ``[*word, symbol]`` of integers, of the type of ``like [symbol]``."""
    return jax.nn.one_hot(word, len(like), dtype=like.dtype)
