r"""Define strings of a Markov chain of 16 symbols, whose entropies are known exactly.

With :math:`w_{ij} = (1 + (ij + i + j) \bmod 16)^{-2}`, symmetric,

.. math:: P(j | i) = w_{ij} / w_i, \quad w_i = \sum_j w_{ij}, \quad
    \pi_i = w_i / \sum_k w_k, \quad h = -\sum_i \pi_i \sum_j P(j | i) \log P(j | i).

The chain is reversible, so its stationary distribution :math:`\pi` is explicit. A test perplexity below
:math:`e^h = 4.49` by more than its error shows that the test set was used; independent symbols give 13.3.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jgen._internal.fixed_hash import uniform
from jgen.data.builder import Base

SYMBOLS, LENGTH = 16, 64
SIZES = {"train": 4096, "validation": 512, "test": 512}


class Builder(Base):
    """Builder of 5,120 windows x of 64 symbols out of 16.

    Each is an independent stretch of a stationary Markov chain in closed form; its exact entropy, stationary
    distribution and log-probabilities are functions of ``jgen.data.datasets.markov``.
    """

    bundled = True
    homepage = "https://en.wikipedia.org/wiki/Entropy_rate"
    citation = "T. M. Cover, J. A. Thomas, Elements of Information Theory, 2006, chapter 4."

    def features(self) -> Mapping[str, Any]:
        """Return ``x``, 64 symbols 0 to 15."""
        return {"x": tfds.features.Tensor(shape=(LENGTH,), dtype=np.int32, doc="symbols, 0 to 15")}

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:  # noqa: ARG002
        windows = {split: _windows(size, stream) for stream, (split, size) in enumerate(SIZES.items())}
        return {split: self._generate_examples({"x": x}) for split, x in windows.items()}


def transition() -> np.ndarray:
    """Return the probabilities of the next symbol, ``[now, next]``.

    Example:
        >>> float(transition()[15, 0])  # after 15 all symbols are alike
        0.0625
    """
    weights = _weights()
    return weights / weights.sum(1, keepdims=True)


def stationary() -> np.ndarray:
    """Return the stationary probabilities, ``[symbol]``."""
    weights = _weights()
    return weights.sum(1) / weights.sum()


def entropy_rate() -> float:
    """Compute the entropy rate in nats per symbol, the log of the least perplexity of any model.

    Example:
        >>> round(float(np.exp(entropy_rate())), 4)
        4.4917
    """
    return float(-np.sum(stationary()[:, None] * transition() * np.log(transition())))


def entropy(length: int = LENGTH) -> float:
    r"""Compute the entropy of a window in nats, :math:`H(\pi) + (L - 1) h`.

    Args:
        length: L, in symbols.
    """
    first = stationary()
    return float(-np.sum(first * np.log(first)) + (length - 1) * entropy_rate())


def log_prob(x: np.ndarray) -> np.ndarray:
    """Compute the exact log-probability of windows, in nats.

    Args:
        x: Symbols ``[window, length]``.

    Returns:
        ``[window]``, float64.

    Example:
        >>> round(float(log_prob(np.array([[0, 0, 0]]))[0]), 4)
        -3.2732
    """
    steps = np.log(transition())[x[:, :-1], x[:, 1:]]  # [window, length - 1]
    return np.log(stationary())[x[:, 0]] + steps.sum(1)


def _weights() -> np.ndarray:
    i = np.arange(SYMBOLS)
    return (1.0 + (i[:, None] * i + i[:, None] + i) % SYMBOLS) ** -2  # [symbol, symbol]


def _windows(count: int, stream: int) -> np.ndarray:
    """Draw windows by inverse distribution functions, ``[window, length]``."""
    uniforms = uniform(np.arange(count * LENGTH), stream).reshape(count, LENGTH)
    below = np.cumsum(transition(), 1)[:, :-1]  # [now, next - 1]; the last is 1, but for rounding
    symbol = np.searchsorted(np.cumsum(stationary())[:-1], uniforms[:, 0])  # [window]
    symbols = [symbol]
    for t in range(1, LENGTH):
        symbol = (uniforms[:, t, None] > below[symbol]).sum(1)
        symbols.append(symbol)
    return np.stack(symbols, 1).astype(np.int32)
