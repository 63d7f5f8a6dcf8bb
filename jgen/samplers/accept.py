"""Accept or reject a proposal by the Metropolis rule."""

import math
from typing import TypeVar

import jax
import jax.numpy as jnp

from jgen._internal.threefry import two_uniforms
from jgen.types import Array, Key

T = TypeVar("T")


MAX_ENERGY_ERROR = 1000.0
"""A trajectory whose energy error passes this many nats is called divergent (Stan's rule)."""


def log_uniform(uniform: Array) -> Array:
    """Log of a uniform on (0, 1], from one on [0, 1): a draw of exactly 0 must not accept everything."""
    return jnp.log(1.0 - uniform)  # exact: the uniform is a multiple of eps


def normal_and_log_uniform(key: Key, like: Array) -> tuple[Array, Array]:
    """All the chance of a proposal and its decision, each random bit used.

    A cheap density costs no more than its chance does: a split key would take two blocks of threefry more,
    and ``jax.random.normal`` takes a block for each number where here a block makes two.

    Args:
        key: Any key; it is spent.
        like: A vector ``[dim]``.

    Returns:
        White noise ``[dim]``, and the log of a uniform on (0, 1) for ``metropolis_accept`` ``[]``.
    """
    some, others = two_uniforms(key, ((like.size + 2) // 2,), like.dtype)
    half_a_step = jnp.finfo(like.dtype).eps / 2  # from multiples of eps to odd ones of eps / 2: never 0 or 1
    uniforms = jnp.concatenate([some, others])[: like.size + 1] + half_a_step
    return math.sqrt(2) * jax.lax.erf_inv(2 * uniforms[:-1] - 1), jnp.log(uniforms[-1])


def accept(key: Key, log_ratio: Array, proposed: T, current: T) -> tuple[T, Array, Array]:
    """One Metropolis decision that survives NaN and +inf, which both count as refusals.

    Args:
        key: Decides.
        log_ratio: Log of the acceptance ratio ``[]``.
        proposed: State to move to.
        current: State to stay in.

    Returns:
        The state, the acceptance probability ``[]`` and whether it moved ``[]``.
    """
    return metropolis_accept(
        log_uniform(jax.random.uniform(key, dtype=log_ratio.dtype)), log_ratio, proposed, current
    )


def metropolis_accept(coin: Array, log_ratio: Array, proposed: T, current: T) -> tuple[T, Array, Array]:
    """``accept``, by the log of a uniform that is there already."""
    log_ratio = jnp.where(log_ratio < jnp.inf, log_ratio, -jnp.inf)
    accepted = coin < log_ratio

    def choose(new: Array, old: Array) -> Array:
        return old if new is old else jnp.where(accepted, new, old)

    state = jax.tree.map(choose, proposed, current)
    return state, jnp.exp(jnp.minimum(log_ratio, 0.0)), accepted
