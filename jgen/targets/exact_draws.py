"""Define log densities and exact draws as functions that carry their data."""

from collections.abc import Callable
from math import exp

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from numpyro.distributions import Distribution

from jgen.types import Array, Key, PyTree


def log_prob_of(distribution: Distribution, x: PyTree) -> Array:
    """The log-density of a NumPyro distribution as a bindable function."""
    return distribution.log_prob(x)


def sample_of(distribution: Distribution, key: Key) -> PyTree:
    """One draw of a NumPyro distribution as a bindable function."""
    return distribution.sample(key)


def widening(dim: int) -> float:
    """The factor s on the scale of a Gaussian for which s^dim = e.

    It makes N(m, s^2 S) cover N(m, S) with a ratio of at most e, so that rejection accepts 1/e of the
    proposals and importance weights stay bounded, in any dimension.
    """
    return exp(1 / dim)


def power(exponent: int, x: PyTree) -> Array:
    """Every coordinate of the ravelled position to a power, ``[dim]``."""
    return ravel_pytree(x)[0] ** exponent


def gaussian_sample(mean: Array, scale_tril: Array, key: Key) -> Array:
    """One draw of N(mean, L L'), ``[dim]``; L may be any square factor."""
    u = jax.random.normal(key, mean.shape, mean.dtype)  # [dim]
    return mean + jnp.matmul(scale_tril, u, precision="highest")


def accepted(propose: Callable[[Key], PyTree], log_accept: Callable[[PyTree], Array], key: Key) -> PyTree:
    """One exact draw by rejection: proposes until a proposal is accepted.

    Args:
        propose: ``propose(key) -> value``.
        log_accept: ``log_accept(value)``, the log of the acceptance probability, at most 0.
        key: A typed key.
    """

    def attempt(key: Key) -> tuple[Key, PyTree, Array]:
        next_key, propose_key, accept_key = jax.random.split(key, 3)
        value = propose(propose_key)
        return next_key, value, jnp.log1p(-jax.random.uniform(accept_key)) <= log_accept(value)

    state = jax.lax.while_loop(lambda state: ~state[2], lambda state: attempt(state[0]), attempt(key))
    return state[1]
