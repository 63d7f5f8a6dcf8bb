"""Train on the mean squared distance to rows, with or without a ramp of its weight."""

import jax
import jax.numpy as jnp
import optax
from jax.tree_util import Partial

from jgen.objectives.scheduled_objective import Scheduled
from jgen.training import init_state, make_train_step, train

KEY = jax.random.key(0)
DATA = jax.random.normal(jax.random.key(3), (12, 3))
START = jnp.array([1.0, -2.0, 5.0])
SGD = optax.sgd(0.5)


def distance(scale, params, batch, key):  # noqa: ARG001
    """Return half the mean squared distance, times ``scale``."""
    error = params[None] - batch
    return scale * (error**2).sum(-1).mean() / 2, {"error": error[:, 0]}


def ramp(length, step):
    """Return the objective whose scale rises from 0 to 1 in ``length`` steps."""
    return Partial(distance, jnp.minimum(step / length, 1.0))


DISTANCE = Partial(distance, jnp.float32(1))
RAMP = Scheduled(Partial(ramp, jnp.float32(4)))


def fit_distance(optimizer, num_steps, *, objective=DISTANCE, data=DATA, **options):
    """Train from ``START`` in chunks of 9 steps."""
    state = init_state(KEY, jnp.asarray(START, data.dtype), optimizer)
    return train(state, make_train_step(objective, optimizer), data, num_steps, chunk_size=9, **options)
