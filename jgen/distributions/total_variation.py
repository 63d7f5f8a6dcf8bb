"""Compute the total variation distance between discrete distributions."""

from functools import singledispatch
from typing import Any

import jax.numpy as jnp

from jgen.distributions.input_checks import check_batches, no_closed_form
from jgen.distributions.parameters import Bernoulli, Categorical
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
    value = jnp.abs(outcomes[0] - outcomes[1]).sum(-1) / 2
    return Result(value, value, value, 0, "closed form", {"distance": "total variation"})


@singledispatch
def _probabilities(distribution: Any) -> Array:
    raise no_closed_form("total_variation", _probabilities, distribution)


@_probabilities.register(Categorical)
def _(distribution: Any):
    return jnp.asarray(distribution.probs)  # [*batch, outcome]


@_probabilities.register(Bernoulli)
def _(distribution: Any):
    one = jnp.asarray(distribution.probs)
    return jnp.stack([1 - one, one], axis=-1)  # [*batch, outcome]
