"""What targets share whose states can all be listed."""

from itertools import product
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Categorical, Distribution

from jgen.types import Array, Key, PyTree


class Listed(NamedTuple):
    """A law over states that were all weighed.

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
    """Every word of the given length over the symbols 0 .. symbols - 1, ``[word, length]``."""
    return np.array(list(product(range(symbols), repeat=length)))


def weigh(states: np.ndarray, log_weights: np.ndarray) -> Listed:
    """The law of ``states [state, dim]`` with ``log_weights [state]``, in float64."""
    top = log_weights.max()
    weights = np.exp(log_weights - top)
    probabilities = weights / weights.sum()
    mean = probabilities @ states
    return Listed(
        float(top + np.log(weights.sum())), probabilities, mean, probabilities @ np.square(states - mean)
    )


def sample_row(cumulative: Array, states: PyTree, key: Key) -> PyTree:
    """One of the rows of ``states``, by the cumulated probabilities ``[state]`` of its rows."""
    uniform = jax.random.uniform(key, (), cumulative.dtype)
    row = jnp.searchsorted(cumulative[:-1], uniform, side="right", method="compare_all")
    return jax.tree.map(lambda column: column[row], states)


def table(probabilities: np.ndarray, states: PyTree) -> Partial:
    """An exact sampler over ``states``, a pytree of arrays ``[state, *event]``."""
    return Partial(sample_row, jnp.asarray(probabilities.cumsum()), jax.tree.map(jnp.asarray, states))


def uniform_words(symbols: int, length: int) -> Distribution:
    """The uniform law over words, as a proposal."""
    return Categorical(probs=jnp.asarray(np.full((length, symbols), 1 / symbols))).to_event(1)
