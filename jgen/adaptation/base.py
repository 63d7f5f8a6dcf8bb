"""What the adaptations share: dual averaging, and access to what a state lets one tune."""

from typing import Any, NamedTuple

import jax.numpy as jnp

from jgen.types import Array, Draws, PyTree


class DualAverage(NamedTuple):
    """Nesterov's dual averaging of the log step size (Hoffman and Gelman 2014, section 3.2).

    Attributes:
        log_step: The step size to try next.
        log_average: The weighted average that sampling will use.
        error_sum: Sum of (target - acceptance).
        centre: Where the log step size is drawn to.
        updates: Updates made.
    """

    log_step: Array
    log_average: Array
    error_sum: Array
    centre: Array
    updates: Array


def start_average(step_size: Array) -> DualAverage:
    """Begins anew at a step size.

    The paper draws the step to ten times the first one, to save gradients. A population needs no such
    push, and a short warm-up would end on it.
    """
    log_step, zero = jnp.log(step_size), jnp.zeros_like(step_size)
    return DualAverage(log_step, log_step, zero, log_step, zero)


def average(memory: DualAverage, acceptance_rate: Array, target: Array) -> DualAverage:
    """One update, from the acceptance rate of one step of the whole population."""
    count = memory.updates + 1
    error_sum = memory.error_sum + target - acceptance_rate
    log_step = memory.centre - jnp.sqrt(count) / 0.05 * error_sum / (count + 10.0)
    weight = count**-0.75
    log_average = weight * log_step + (1.0 - weight) * memory.log_average
    return DualAverage(log_step, log_average, error_sum, memory.centre, count)


def mean_acceptance(draws: Draws) -> Array:
    """Over the chains; a NaN counts as a refusal ``[]``."""
    return jnp.mean(jnp.nan_to_num(draws.info["acceptance_rate"], nan=0.0))


def step_size_of(states: PyTree) -> Array:
    """The population's step size ``[]``: the geometric mean over chains."""
    return jnp.exp(jnp.mean(jnp.log(tuning_of(states).step_size)))


def tuning_of(states: PyTree) -> Any:
    """The part of the states that warm-up may change.

    Raises:
        TypeError: If the sampler has nothing to tune.
    """
    tuning = getattr(states, "tuning", None)
    if tuning is None:
        raise TypeError(
            f"this sampler's state ({type(states).__name__}) has no tuning, so there is nothing to adapt; "
            "leave adaptation out, or give the state a field tuning=Tuning(step_size, inverse_mass_factor)"
        )
    return tuning


def retune(states: PyTree, step_size: Array, inverse_mass_factor: Array) -> PyTree:
    """Every chain with the same step size ``[]`` and the same factor ``[dim]`` or ``[dim, dim]``."""
    tuning = tuning_of(states)
    (num_chains,) = tuning.step_size.shape
    step_sizes = jnp.full((num_chains,), step_size, tuning.step_size.dtype)
    factors = jnp.broadcast_to(inverse_mass_factor[None], (num_chains, *inverse_mass_factor.shape))
    return states._replace(tuning=tuning._replace(step_size=step_sizes, inverse_mass_factor=factors))


def first_factor(states: PyTree) -> Array:
    """The factor the chains share ``[dim]`` or ``[dim, dim]``."""
    return tuning_of(states).inverse_mass_factor[0]
