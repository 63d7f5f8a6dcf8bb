"""Count how often a target is evaluated while a sampler runs."""

import dataclasses
from functools import partial

import jax
from jax.tree_util import Partial

from jgen._internal.compiled import jit
from jgen.types import Array, Draws, Key, LogDensity, PyTree, Sampler, Target


class Counter:
    """Counter of evaluations of a log density and of its gradient, at run time.

    There is one, ``COUNTER``, so that a counted sampler is the same program in every check.
    """

    def __init__(self) -> None:
        self.evaluated = {"num_grads": 0, "num_log_densities": 0}

    def add(self, name: str, _: Array) -> None:
        """Add one evaluation of a gradient, or of a value without one."""
        self.evaluated[name] += 1

    def read(self) -> tuple[int, ...]:
        """Return gradients and log densities so far, once all callbacks have run."""
        jax.effects_barrier()
        return tuple(self.evaluated.values())


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
    jax.debug.callback(partial(COUNTER.add, "num_log_densities"), value)
    return value


def _forward(log_density: LogDensity, position: PyTree) -> tuple[Array, PyTree]:
    value, pullback = jax.vjp(lambda position: log_density(position), position)
    jax.debug.callback(partial(COUNTER.add, "num_grads"), value)
    return value, pullback


def _backward(pullback: PyTree, cotangent: Array) -> PyTree:
    return None, *pullback(cotangent)


counted_density.defvjp(_forward, _backward)


@jit
def single_step(sampler: Sampler, key: Key, state: PyTree) -> tuple[PyTree, Draws]:
    """Run one step of one chain."""
    return sampler.step(key, state)
