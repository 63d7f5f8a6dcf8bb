"""Enumerate a finite state space, and sum over it in float64."""

from itertools import product
from typing import NamedTuple

import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Categorical, Distribution

from jgen.targets.parts import sample_row
from jgen.types import PyTree


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


def table_sampler(probabilities: np.ndarray, states: PyTree) -> Partial:
    """Make an exact sampler over ``states``, a pytree of arrays ``[state, *event]``."""
    return Partial(sample_row, probabilities.cumsum(), states)


def uniform_words(symbols: int, length: int) -> Distribution:
    """Make the uniform distribution over words."""
    return Categorical(probs=np.full((length, symbols), 1 / symbols)).to_event(1)
