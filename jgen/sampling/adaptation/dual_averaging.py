"""Adapt log step sizes by dual averaging."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgen._internal.validation import is_traced
from jgen.types import Array, PyTree


class DualAveraging(NamedTuple):
    """State of Nesterov's dual averaging of the log step size (Hoffman and Gelman 2014, section 3.2).

    Attributes:
        log_step: Log of the step size to try next.
        log_average: Weighted average of the iterates, for sampling.
        error_sum: Sum of (target - acceptance).
        mu: Point that log step sizes are shrunk towards.
        gamma: Shrinkage towards ``mu`` (Stan's gamma, 0.05); larger moves less.
        updates: Number of updates.
    """

    log_step: Array
    log_average: Array
    error_sum: Array
    mu: Array
    gamma: Array
    updates: Array

    @classmethod
    def start(cls, step_size: Array, gamma: float = 0.05) -> "DualAveraging":
        """Start at a step size, with ``mu`` its log.

        The paper sets ``mu`` to the log of ten times the first step size, to save gradients. Many chains do
        not need that, and a short warm-up would end near it.

        The paper's gamma finds a step size from far off. Near the right one it is too small for many chains,
        whose mean acceptance rate has little noise: the iterates oscillate. An update moves the log step by
        sqrt(t) / (t + 10) / gamma times the error, at most 3.2 for a gamma of 0.05, and the rate falls by up
        to 1 for each unit of log step; where the product is above 2 the oscillation does not decay.
        """
        log_step, zero = jnp.log(step_size), jnp.zeros_like(step_size)
        return cls(log_step, log_step, zero, log_step, jnp.full_like(step_size, gamma), zero)

    def update(self, acceptance_rate: Array, target: Array) -> "DualAveraging":
        """Make one update, from the acceptance rate of one step of all chains."""
        count = self.updates + 1
        error_sum = self.error_sum + target - acceptance_rate
        log_step = self.mu - jnp.sqrt(count) / self.gamma * error_sum / (count + 10.0)
        log_average = iterate_average(self.log_average, log_step, count)
        return self._replace(log_step=log_step, log_average=log_average, error_sum=error_sum, updates=count)

    def log_step_after(self, index: Array, num_warmup: Array) -> Array:
        """Return the log of the step size to go on with: the average after the last step of warm-up."""
        return jnp.where(index + 1 == num_warmup, self.log_average, self.log_step)


def iterate_average(average: PyTree, latest: PyTree, count: Array) -> PyTree:
    """Update the average of iterates, in which the latest of ``count`` has weight count^-3/4."""
    weight = count**-0.75
    return jax.tree.map(lambda old, new: weight * new + (1.0 - weight) * old, average, latest)


def check_target_acceptance(target_acceptance: float | Array) -> Array:
    """Check the target of the acceptance rate and return it as an array ``[]``.

    Raises:
        ValueError: If a concrete one is not inside (0, 1).
    """
    if not is_traced(target_acceptance) and not 0 < target_acceptance < 1:
        raise ValueError(f"target_acceptance must lie inside (0, 1); got {target_acceptance}")
    return jnp.asarray(target_acceptance, float)
