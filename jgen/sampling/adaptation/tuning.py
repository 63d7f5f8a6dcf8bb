"""Read and set the tuning of a chain state.

Adaptation computes in JAX's default float type, whatever the type of the positions: what is read is converted
to it, and what is set is converted back.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from jgen.types import Array, Draws, PyTree


def acceptance_rates(draws: Draws) -> Array:
    """Return the acceptance rates of one step ``[chain]``; NaN counts as 0.

    Raises:
        TypeError: If the sampler reports no acceptance rate.
    """
    if "acceptance_rate" not in draws.info:
        raise TypeError(
            "this sampler reports no acceptance_rate to adapt a step size to; leave adaptation out"
        )
    return jnp.nan_to_num(draws.info["acceptance_rate"].astype(float), nan=0.0)


def mean_acceptance(draws: Draws) -> Array:
    """Return the mean acceptance rate over chains ``[]``."""
    return jnp.mean(acceptance_rates(draws))


def tuning_of(states: PyTree) -> Any:
    """Return the part of the states that warm-up may change.

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
    """Return the geometric mean of the step sizes of the chains ``[]``."""
    return jnp.exp(jnp.mean(jnp.log(tuning_of(states).step_size.astype(float))))


def factor_of(states: PyTree) -> PyTree:
    """Return the factor of the inverse mass matrix, shared by all chains."""
    return jax.tree.map(lambda leaf: leaf[0].astype(float), tuning_of(states).inverse_mass_factor)


def diagonal(factor: Array) -> Array:
    """Return the square root of the diagonal of L Lᵀ ``[dim]``."""
    return factor if factor.ndim == 1 else jnp.linalg.norm(factor, axis=1)


def positions_of(states: PyTree) -> Array:
    """Return the ravelled positions ``[chain, dim]``."""
    return jax.vmap(lambda position: ravel_pytree(position)[0])(states.position).astype(float)


def gradients_of(states: PyTree) -> Array:
    """Return the gradients of the log density ``[chain, dim]``.

    Raises:
        TypeError: If the states have none.
    """
    if not hasattr(states, "gradient"):
        raise TypeError(
            f"this adaptation uses gradients, and {type(states).__name__} has none; take a sampler with "
            "gradients, or adapt by window"
        )
    return states.gradient.astype(float)


def set_tuning(states: PyTree, **values: PyTree) -> PyTree:
    """Set fields of the tuning, given without a chain axis, to the same values in every chain."""
    tuning = tuning_of(states)
    num_chains = len(tuning.step_size)

    def shared(leaf: Array) -> Array:
        return jnp.broadcast_to(leaf[None], (num_chains, *leaf.shape)).astype(tuning.step_size.dtype)

    return states._replace(tuning=tuning._replace(**jax.tree.map(shared, values)))
