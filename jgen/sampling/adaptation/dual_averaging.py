"""Average log step sizes by dual averaging."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgen._internal.validation import is_traced
from jgen.types import Array, PyTree


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
    if not is_traced(target_acceptance) and not 0 < target_acceptance < 1:
        raise ValueError(f"target_acceptance must lie inside (0, 1); got {target_acceptance}")
    return jnp.asarray(target_acceptance, float)
