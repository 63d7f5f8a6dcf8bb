"""Train the autoencoder of ``vae_problem`` in Flax NNX, in its two styles."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from benchmarks.vae_problem import LEARNING_RATE, LOG_SCALE_BOUND, Call, Problem, continued, draw
from jgen.types import Array


class NnxVae(nnx.Module):
    """Autoencoder of four linear layers, initialised with the given weights."""

    def __init__(self, layers: Any):
        linears = []
        for kernel, bias in layers:
            weights, shift = partial(constant, kernel), partial(constant, bias)
            linears.append(nnx.Linear(*kernel.shape, kernel_init=weights, bias_init=shift, rngs=nnx.Rngs(0)))
        self.enter, self.encode, self.decode, self.leave = linears

    def __call__(self, x: Array, noise: Array) -> Array:
        """Compute the negative evidence lower bound in nats per example."""
        mean, unbounded = jnp.split(self.encode(nnx.relu(self.enter(x))), 2, axis=-1)
        log_scale = LOG_SCALE_BOUND * jnp.tanh(unbounded / LOG_SCALE_BOUND)
        scale = jnp.exp(log_scale)
        logits = self.leave(nnx.relu(self.decode(mean + scale * noise)))
        log_likelihood = (x * logits - jax.nn.softplus(logits)).sum(-1)
        kl = (0.5 * (mean**2 + scale**2 - 1) - log_scale).sum(-1)
        return (kl - log_likelihood).mean()


def constant(value: Any, *_: Any) -> Array:
    """Return the value, as an initialiser."""
    return jnp.asarray(value)


def nnx_calls(problem: Problem, num_steps: int) -> dict[str, Call]:
    """Return training with ``nnx.jit`` on objects, and with objects split once and merged in ``jax.jit``."""
    key, data = problem.key, problem.data

    def update(model: NnxVae, optimizer: nnx.Optimizer, step: Array) -> Array:
        x, noise = draw(key, step, data)
        loss, grad = nnx.value_and_grad(lambda model: model(x, noise))(model)
        optimizer.update(model, grad)
        return loss

    def fresh() -> tuple[NnxVae, nnx.Optimizer]:
        model = NnxVae(problem.layers)
        return model, nnx.Optimizer(model, optax.adam(LEARNING_RATE), wrt=nnx.Param)

    jitted = nnx.jit(update)

    def by_objects(carry: Any) -> tuple[Any, list[Array]]:
        model, optimizer, step = carry
        losses = [jitted(model, optimizer, jnp.int32(step + i)) for i in range(num_steps)]
        return (model, optimizer, step + num_steps), losses

    structure, start = nnx.split(fresh())

    @partial(jax.jit, donate_argnums=0)
    def merged(state: Any, step: Array) -> tuple[Any, Array]:
        model, optimizer = nnx.merge(structure, state)
        loss = update(model, optimizer, step)
        return nnx.state((model, optimizer)), loss

    def by_state(carry: Any) -> tuple[Any, list[Array]]:
        state, step = carry
        losses = []
        for i in range(num_steps):
            state, loss = merged(state, jnp.int32(step + i))
            losses.append(loss)
        return (state, step + num_steps), losses

    return {
        "flax nnx, split and merge, a jitted call a step": continued(by_state, (start, 0)),
        "flax nnx.jit, a call a step": continued(by_objects, (*fresh(), 0)),
    }
