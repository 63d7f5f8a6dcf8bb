"""A step alone, on a target that is watched: how often it asked for the density, and what it drew."""

import dataclasses

import jax
from jax.tree_util import Partial

from jgen.types import Array, Draws, Key, LogDensity, PyTree, Sampler, Target


class Tally:
    """Counts, as a program runs, how often a watched density is asked for its value or its gradient.

    There is one, ``TALLY``, so that a watched sampler is the same program whoever watches it.
    """

    def __init__(self) -> None:
        self.num_grads = 0
        self.num_log_densities = 0

    def grad(self, value: Array) -> None:
        """Called once for each gradient."""
        del value
        self.num_grads += 1

    def log_density(self, value: Array) -> None:
        """Called once for each value without a gradient."""
        del value
        self.num_log_densities += 1

    def read(self) -> tuple[int, int]:
        """Gradients and log densities so far, once all callbacks have come."""
        jax.effects_barrier()
        return self.num_grads, self.num_log_densities


TALLY = Tally()


def with_counter(target: Target) -> Target:
    """The same target, each evaluation of which is told to ``TALLY``.

    A value that comes with its gradient counts as a gradient. The callbacks are handed the value, so that
    they are called once for each of a batch.
    """
    return dataclasses.replace(target, log_density=Partial(counted_density, target.log_density))


@jax.custom_vjp
def counted_density(log_density: LogDensity, position: PyTree) -> Array:
    """The density, watched."""
    value = log_density(position)
    jax.debug.callback(TALLY.log_density, value)
    return value


def _forward(log_density: LogDensity, position: PyTree) -> tuple[Array, PyTree]:
    value, pullback = jax.vjp(lambda position: log_density(position), position)
    jax.debug.callback(TALLY.grad, value)
    return value, pullback


def _backward(pullback: PyTree, cotangent: Array) -> PyTree:
    return None, *pullback(cotangent)


counted_density.defvjp(_forward, _backward)


@jax.jit
def step_alone(sampler: Sampler, key: Key, state: PyTree) -> tuple[PyTree, Draws]:
    """One step of one chain."""
    return sampler.step(key, state)
