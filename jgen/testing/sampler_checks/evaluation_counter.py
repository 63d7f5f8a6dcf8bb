"""Count how often a target is evaluated while a sampler runs."""

import dataclasses

import jax
from jax.tree_util import Partial

from jgen.types import Array, Draws, Key, LogDensity, PyTree, Sampler, Target


class Counter:
    """Counter of evaluations of a log density and of its gradient, at run time.

    There is one, ``COUNTER``, so that a counted sampler is the same program in every check.
    """

    def __init__(self) -> None:
        self.num_grads = 0
        self.num_log_densities = 0

    def grad(self, value: Array) -> None:
        """Count one gradient."""
        del value
        self.num_grads += 1

    def log_density(self, value: Array) -> None:
        """Count one value without a gradient."""
        del value
        self.num_log_densities += 1

    def read(self) -> tuple[int, int]:
        """Return gradients and log densities so far, once all callbacks have run."""
        jax.effects_barrier()
        return self.num_grads, self.num_log_densities


COUNTER = Counter()


def with_counter(target: Target) -> Target:
    """Return the target with each evaluation counted by ``COUNTER``.

    A value that comes with its gradient counts as a gradient. The callbacks are given the value, so that
    they are called once for each of a batch.
    """
    return dataclasses.replace(target, log_density=Partial(counted_density, target.log_density))


@jax.custom_vjp
def counted_density(log_density: LogDensity, position: PyTree) -> Array:
    """Evaluate the log density and count it."""
    value = log_density(position)
    jax.debug.callback(COUNTER.log_density, value)
    return value


def _forward(log_density: LogDensity, position: PyTree) -> tuple[Array, PyTree]:
    value, pullback = jax.vjp(lambda position: log_density(position), position)
    jax.debug.callback(COUNTER.grad, value)
    return value, pullback


def _backward(pullback: PyTree, cotangent: Array) -> PyTree:
    return None, *pullback(cotangent)


counted_density.defvjp(_forward, _backward)


@jax.jit
def single_step(sampler: Sampler, key: Key, state: PyTree) -> tuple[PyTree, Draws]:
    """Run one step of one chain."""
    return sampler.step(key, state)
