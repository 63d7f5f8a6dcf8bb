"""The law of cost: a sampler reports as many gradients and densities as it spends."""

import dataclasses

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.laws.base import LawBroken, Make, positions
from jgen.sampling import start
from jgen.targets.base import Target
from jgen.types import Array, Draws, Key, LogDensity, PyTree

NUM_STEPS = 5


class Tally:
    """Counts, as the program runs, how often a density is asked for its value or its gradient."""

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

    def watch(self, log_density: LogDensity) -> Partial:
        """The same density, watched; a value that comes with its gradient counts as a gradient.

        The callbacks are handed the value, so that they are called once for each of a batch.
        """

        @jax.custom_vjp
        def watched(position: PyTree) -> Array:
            value = log_density(position)
            jax.debug.callback(self.log_density, value)
            return value

        def forward(position: PyTree) -> tuple[Array, PyTree]:
            value, pullback = jax.vjp(log_density, position)
            jax.debug.callback(self.grad, value)
            return value, pullback

        def backward(pullback: PyTree, cotangent: Array) -> PyTree:
            return pullback(cotangent)

        watched.defvjp(forward, backward)
        return Partial(watched)


def cost(make: Make, target: Target, key: Key) -> None:
    """``num_grads`` and ``num_log_densities`` equal the true number of calls of the target.

    Args:
        make: Makes the sampler.
        target: A target that the sampler claims.
        key: Any key.

    Raises:
        LawBroken: If the counts differ.
    """
    tally = Tally()
    watched = dataclasses.replace(target, log_density=tally.watch(target.log_density))
    sampler = make(watched, 1.0)
    state, _ = start(key, sampler, num_chains=1, position=positions(target, 1))
    jax.effects_barrier()
    before = (tally.num_grads, tally.num_log_densities)

    def body(state: PyTree, key: Key) -> tuple[PyTree, Draws]:
        return sampler.step(key, state)

    one = jax.tree.map(lambda leaf: leaf[0], state.states)
    _, draws = jax.jit(lambda state, keys: jax.lax.scan(body, state, keys))(
        one, jax.random.split(key, NUM_STEPS)
    )
    jax.block_until_ready(draws)
    jax.effects_barrier()
    spent = (tally.num_grads - before[0], tally.num_log_densities - before[1])
    told = (int(jnp.sum(draws.info["num_grads"])), int(jnp.sum(draws.info["num_log_densities"])))
    if spent != told:
        raise LawBroken(
            f"in {NUM_STEPS} steps the target gave {spent[0]} gradients and {spent[1]} log densities; the "
            f"sampler reports {told[0]} and {told[1]}"
        )
