"""Train the autoencoder of ``vae_problem`` in plain JAX: arrays, one scan, Adam written out."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.vae_problem import LEARNING_RATE, LOG_SCALE_BOUND, Call, Problem, continued, draw
from jgen.types import Array


def hand_written_call(problem: Problem, num_steps: int) -> Call:
    """Return a scan that computes the same numbers as jgen, up to the order of sums, without overhead."""
    key, data = problem.key, problem.data

    @partial(jax.jit, donate_argnums=0)
    def scanned(carry: Any) -> tuple[Any, Array]:
        return jax.lax.scan(one, carry, None, length=num_steps)

    def one(carry: Any, _: None) -> tuple[Any, Array]:
        layers, mean, square, step = carry
        x, noise = draw(key, step, data)
        value, grad = jax.value_and_grad(loss)(layers, x, noise)
        step += 1
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, grad)
        square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, square, grad)
        layers = jax.tree.map(
            lambda p, m, s: (
                p - LEARNING_RATE * (m / (1 - 0.9**step)) / (jnp.sqrt(s / (1 - 0.999**step)) + 1e-8)
            ),
            layers,
            mean,
            square,
        )
        return (layers, mean, square, step), value

    layers = jax.tree.map(jnp.array, problem.layers)
    zeros = jax.tree.map(jnp.zeros_like, (layers, layers))
    return continued(scanned, (layers, *zeros, jnp.int32(0)))


def loss(layers: list[tuple[Array, Array]], x: Array, noise: Array) -> Array:
    """Compute the negative evidence lower bound in nats per example."""
    (w1, b1), (w2, b2), (w3, b3), (w4, b4) = layers
    raw = jax.nn.relu(x @ w1 + b1[None]) @ w2 + b2[None]
    mean, unbounded = jnp.split(raw, 2, axis=-1)  # [batch, latent]
    log_scale = LOG_SCALE_BOUND * jnp.tanh(unbounded / LOG_SCALE_BOUND)
    scale = jnp.exp(log_scale)
    logits = jax.nn.relu((mean + scale * noise) @ w3 + b3[None]) @ w4 + b4[None]  # [batch, x]
    log_likelihood = (x * logits - jax.nn.softplus(logits)).sum(-1)
    kl = (0.5 * (mean**2 + scale**2 - 1) - log_scale).sum(-1)
    return (kl - log_likelihood).mean()
