"""What the adaptations share: dual averaging, and access to what a state lets one tune."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from jgen.types import Array, Draws, PyTree


class DualAverage(NamedTuple):
    """Nesterov's dual averaging of the log step size (Hoffman and Gelman 2014, section 3.2).

    Attributes:
        log_step: The step size to try next.
        log_average: The weighted average that sampling will use.
        error_sum: Sum of (target - acceptance).
        centre: Where the log step size is drawn to.
        gamma: How strongly.
        updates: Updates made.
    """

    log_step: Array
    log_average: Array
    error_sum: Array
    centre: Array
    gamma: Array
    updates: Array


def start_average(step_size: Array, gamma: float = 0.05) -> DualAverage:
    """Begins anew at a step size.

    The paper draws the step to ten times the first one, to save gradients. A population needs no such
    push, and a short warm-up would end on it.

    The paper's gamma finds a step that is far off. Once that is found it is too small for a population, whose
    mean acceptance rate hardly errs: a step too large is answered by one too small. An update moves the log
    step by sqrt(t) / (t + 10) / gamma times the error, 3.2 at most for a gamma of 0.05, and the rate falls by
    up to 1 for each unit of log step; where the product is above 2 it swings for good.
    """
    log_step, zero = jnp.log(step_size), jnp.zeros_like(step_size)
    return DualAverage(log_step, log_step, zero, log_step, jnp.full_like(step_size, gamma), zero)


def average(memory: DualAverage, acceptance_rate: Array, target: Array) -> DualAverage:
    """One update, from the acceptance rate of one step of the whole population."""
    count = memory.updates + 1
    error_sum = memory.error_sum + target - acceptance_rate
    log_step = memory.centre - jnp.sqrt(count) / memory.gamma * error_sum / (count + 10.0)
    log_average = smooth(memory.log_average, log_step, count)
    return memory._replace(log_step=log_step, log_average=log_average, error_sum=error_sum, updates=count)


def smooth(average: PyTree, latest: PyTree, count: Array) -> PyTree:
    """The average that dual averaging keeps, in which the latest of ``count`` values weighs count^-3/4."""
    weight = count**-0.75
    return jax.tree.map(lambda old, new: weight * new + (1.0 - weight) * old, average, latest)


def checked_target(target_acceptance: float | Array) -> Array:
    """The acceptance rate to aim at ``[]``, after refusing one that no step size has.

    Raises:
        ValueError: If a concrete one is not inside (0, 1).
    """
    if not isinstance(target_acceptance, jax.core.Tracer) and not 0 < target_acceptance < 1:
        raise ValueError(f"target_acceptance must lie inside (0, 1); got {target_acceptance}")
    return jnp.asarray(target_acceptance, float)


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
            "the members of a cycle are adapted by jgen.adaptation.each"
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
