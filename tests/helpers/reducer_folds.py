"""Draws to fold, and a fold of them that starts as the driver does."""

import jax
import jax.numpy as jnp


@jax.jit
def run(reducer, draws):
    """Scans draws ``[draw, chain, *event]``; starts as the driver does, from zeros of one step's shapes."""

    def step(memory, one):
        return reducer.update(memory, one), None

    first = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape[1:], leaf.dtype), draws)
    memory, _ = jax.lax.scan(step, reducer.init(first), draws)
    return reducer.compute(memory)
