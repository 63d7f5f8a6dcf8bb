"""Compute the total variation distance between discrete distributions."""

from functools import singledispatch
from typing import Any

import jax
import jax.numpy as jnp

from jgen.distributions.input_checks import check_batches, no_closed_form
from jgen.distributions.parameters import Bernoulli, Categorical, bernoulli_log_probs
from jgen.types import Array, Result


def total_variation(p: Any, q: Any) -> Result:
    r"""Compute $\tfrac12 \sum_x |p(x) - q(x)|$, the largest difference in the probability of any event.

    Args:
        p: A Bernoulli or categorical distribution.
        q: Another with as many outcomes.

    Returns:
        A ``Result``, exact, in [0, 1].

    Raises:
        TypeError: No closed form for this family (for vectors of bits it has 2^d terms).
        ValueError: Different numbers of outcomes.

    Example:
        >>> import jax.numpy as jnp, numpyro.distributions as dist
        >>> p = dist.Categorical(jnp.array([0.5, 0.5, 0.0]))
        >>> q = dist.Categorical(jnp.array([0.25, 0.5, 0.25]))
        >>> float(total_variation(p, q).value)
        0.25
    """
    check_batches("total_variation", p, q)
    outcomes = [_probabilities(d) for d in (p, q)]
    if outcomes[0].shape[-1] != outcomes[1].shape[-1]:
        raise ValueError(f"total_variation: {outcomes[0].shape[-1]} and {outcomes[1].shape[-1]} outcomes.")
    gain = outcomes[0] - outcomes[1]
    # The largest outcome gains what the others lose, and may be too near to 1 to tell how much.
    largest = jnp.maximum(*outcomes).argmax(-1)
    gain = jnp.where(jax.nn.one_hot(largest, gain.shape[-1], dtype=bool), 0, gain)
    value = jnp.maximum(jnp.maximum(gain, 0).sum(-1), jnp.maximum(-gain, 0).sum(-1))
    return Result(value, value, value, 0, "closed form", {"distance": "total variation"})


@singledispatch
def _probabilities(distribution: Any) -> Array:
    raise no_closed_form("total_variation", _probabilities, distribution)


@_probabilities.register(Categorical)
def _(distribution: Any):
    return jnp.asarray(distribution.probs)  # [*batch, outcome]


@_probabilities.register(Bernoulli)
def _(distribution: Any):
    return jnp.exp(jnp.stack(bernoulli_log_probs(distribution), axis=-1))  # [*batch, outcome]
