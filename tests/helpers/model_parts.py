"""Define small networks, and functions as networks, for tests of models."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from jgen import decoders, encoders

Decoder = partial(decoders.MLP, head=decoders.Normal(0.5), hidden=(6,))
Encoder = partial(encoders.MLPEncoder, hidden=(6,))
Critic = partial(encoders.MLPCritic, hidden=(6,))


def nothing(key):  # noqa: ARG001
    """Return the parameters of a function that has none."""
    return {}


def unit_normal(params, x):  # noqa: ARG001
    """Return a Normal about its input."""
    return dist.Normal(x, jnp.ones_like(x)).to_event(1)


def random_params(init, seed=1):
    """Return random numbers for all parameters, without compiling the initialisers."""
    rng, shapes = np.random.default_rng(seed), jax.eval_shape(init, jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.asarray(0.3 * rng.normal(size=leaf.shape), leaf.dtype), shapes)
