"""Read and set the tuning of a chain state."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from jgen.types import Array, Draws, PyTree


def acceptance_rates(draws: Draws) -> Array:
    """Of one step of every chain; a NaN counts as a refusal ``[chain]``.

    Raises:
        TypeError: If the sampler accepts and refuses nothing.
    """
    if "acceptance_rate" not in draws.info:
        raise TypeError(
            "this sampler reports no acceptance_rate, so no step size can aim at one; leave adaptation out"
        )
    return jnp.nan_to_num(draws.info["acceptance_rate"], nan=0.0)


def mean_acceptance(draws: Draws) -> Array:
    """Over the chains ``[]``."""
    return jnp.mean(acceptance_rates(draws))


def tuning_of(states: PyTree) -> Any:
    """The part of the states that warm-up may change.

    Raises:
        TypeError: If the sampler has nothing to tune.
    """
    tuning = getattr(states, "tuning", None)
    if tuning is None:
        raise TypeError(
            f"this sampler's state ({type(states).__name__}) has no tuning, so there is nothing to adapt; "
            "leave adaptation out, or give the state a field tuning=Tuning(step_size, inverse_mass_factor); "
            "the members of a cycle are adapted by jgen.sampling.adaptation.per_member"
        )
    return tuning


def step_size_of(states: PyTree) -> Array:
    """The population's step size ``[]``: the geometric mean over chains."""
    return jnp.exp(jnp.mean(jnp.log(tuning_of(states).step_size)))


def factor_of(states: PyTree) -> PyTree:
    """The factor of the inverse mass matrix that the chains share."""
    return jax.tree.map(lambda leaf: leaf[0], tuning_of(states).inverse_mass_factor)


def diagonal(factor: Array) -> Array:
    """The square root of the diagonal of L Lᵀ ``[dim]``."""
    return factor if factor.ndim == 1 else jnp.linalg.norm(factor, axis=1)


def positions_of(states: PyTree) -> Array:
    """Where the chains stand ``[chain, dim]``."""
    return jax.vmap(lambda position: ravel_pytree(position)[0])(states.position)


def gradients_of(states: PyTree) -> Array:
    """The gradients of the log density there ``[chain, dim]``.

    Raises:
        TypeError: If the sampler keeps none.
    """
    if not hasattr(states, "gradient"):
        raise TypeError(
            f"this adaptation learns from gradients, and {type(states).__name__} keeps none; take a sampler "
            "that follows gradients, or adapt by window"
        )
    return states.gradient


def retune(states: PyTree, **learned: PyTree) -> PyTree:
    """Every chain with the same values of these fields of its tuning, which come without a chain axis."""
    tuning = tuning_of(states)
    num_chains = len(tuning.step_size)

    def shared(leaf: Array) -> Array:
        return jnp.broadcast_to(leaf[None], (num_chains, *leaf.shape)).astype(tuning.step_size.dtype)

    return states._replace(tuning=tuning._replace(**jax.tree.map(shared, learned)))
