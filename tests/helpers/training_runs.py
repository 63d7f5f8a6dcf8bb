"""Run training on a quadratic and a noisy objective, and count compiled chunks."""

import jax
import jax.numpy as jnp
import optax
from jax import monitoring
from jax.tree_util import Partial

from jgen.training import init_state, make_train_step, train

COMPILED = []
monitoring.register_event_duration_secs_listener(
    lambda event, _, **tags: COMPILED.append(tags.get("fun_name")) if "backend_compile" in event else None
)


def compiled_chunks():
    """Count the chunk programs compiled so far."""
    return sum("_run_chunk" in str(name) for name in COMPILED)


def quadratic(curvature, params, batch, key):  # noqa: ARG001
    """Return the mean of ``curvature (params - x)^2 / 2``."""
    error = params[None] - batch  # [batch, dim]
    return (curvature[None] * error**2).sum(-1).mean() / 2, {"error": error[:, 0]}


def noisy(scale, params, batch, key):
    """Return a mean square whose targets have noise of this scale."""
    target = batch + scale * jax.random.normal(key, batch.shape)
    error = params["w"][None] - target
    return (error**2).mean() + params["b"] ** 2, {"sum": error.sum(-1)}


def pick_row(data, key, step):
    """Return two random rows."""
    return data[jax.random.randint(jax.random.fold_in(key, step), (2,), 0, data.shape[0])]


CURVATURE = jnp.array([1.0, 0.5, 0.1])
DATA = jax.random.normal(jax.random.key(3), (6, 3))
SGD = optax.sgd(0.3)
ADAM = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(0.05))
QUADRATIC = make_train_step(Partial(quadratic, CURVATURE), SGD)
NOISY = make_train_step(Partial(noisy, jnp.array(0.1)), ADAM)


def quadratic_state(seed=0):
    """Return the initial state of ``QUADRATIC``."""
    return init_state(jax.random.key(seed), jnp.array([1.0, -2.0, 5.0]), SGD)


def noisy_state(seed=0):
    """Return the initial state of ``NOISY``."""
    return init_state(jax.random.key(seed), {"w": jnp.zeros(3), "b": jnp.ones(())}, ADAM)


def fit_noisy(num_steps, seed=0, state=None, chunk_size=7):
    """Train ``NOISY`` on random rows."""
    state = noisy_state(seed) if state is None else state
    return train(state, NOISY, DATA, num_steps, make_batch=pick_row, chunk_size=chunk_size)
