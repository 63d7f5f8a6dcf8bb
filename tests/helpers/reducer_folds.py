"""Draws to fold, and a fold of them that starts as the driver does."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.types import DrawKind, Draws


@jax.jit
def run(reducer, draws):
    """Fold draws ``[draw, chain, *event]``, starting as the driver does, from zeros of one step's shapes."""

    def step(state, one):
        return reducer.update(state, one), None

    first = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape[1:], leaf.dtype), draws)
    state, _ = jax.lax.scan(step, reducer.init(first), draws)
    return reducer.compute(state)


def markov(value, **info):
    """Return draws ``[draw, chain, *event]`` of a Markov chain."""
    return Draws(value, info, None, DrawKind.MARKOV)


def weighted(value, log_weight):
    """Return weighted draws ``[draw, chain, *event]``."""
    return Draws(value, {}, log_weight, DrawKind.WEIGHTED)


def stored(num_draws=300, num_chains=3):
    """Draw a pytree ``[draw, chain, *event]``, partly far from 0, with log-weights that rise and fall."""
    rng = np.random.default_rng(11)
    value = {
        "mu": rng.normal(size=(num_draws, num_chains)).astype(np.float32),
        "theta": (1000 + rng.normal(size=(num_draws, num_chains, 2, 2))).astype(np.float32),
        "count": rng.poisson(3, size=(num_draws, num_chains)),
    }
    log_weight = (40 * rng.normal(size=(num_draws, num_chains)).cumsum(0)).astype(np.float32)
    return weighted(value, log_weight)
