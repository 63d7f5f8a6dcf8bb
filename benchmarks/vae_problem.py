"""Define the variational autoencoder of ``benchmarks.train``, and train it with jgen."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgen.decoders.mlp import MLP
from jgen.encoders.mlp_encoder import MLPEncoder
from jgen.models.vae import vae
from jgen.objectives.elbo import elbo
from jgen.training import init_state, make_train_step, shuffled, train, with_replacement
from jgen.training.chunked_loop import BATCH_STREAM
from jgen.types import Array, Key, TrainState

X_DIM, HIDDEN, LATENT, BATCH, ROWS = 64, 256, 16, 128, 1797
LEARNING_RATE = 1e-3
LOG_SCALE_BOUND = 7.0
LAYERS = (
    ("encoder", "Dense_0"),
    ("encoder", "posterior/Dense_0"),
    ("decoder", "Dense_0"),
    ("decoder", "Dense_1"),
)
MODEL = vae(
    MLP((X_DIM,), hidden=(HIDDEN,), activation=nn.relu),
    MLPEncoder(LATENT, hidden=(HIDDEN,), activation=nn.relu),
    LATENT,
    (X_DIM,),
)


class Problem(NamedTuple):
    """Data and initial state of every program.

    Attributes:
        data: Bits as floats ``[row, x]``.
        layers: Weights ``[in, out]`` and biases ``[out]``: two layers of the encoder, two of the decoder.
        params: The same as a parameter tree of jgen.
        key: Random key of the run.
    """

    data: Array
    layers: list[tuple[np.ndarray, np.ndarray]]
    params: Any
    key: Key


Call = Callable[[], Any]


def problem() -> Problem:
    """Return the initial state, the same at every call."""
    key, data_key, init_key = jax.random.split(jax.random.key(0), 3)
    data = jax.random.bernoulli(data_key, 0.3, (ROWS, X_DIM)).astype(jnp.float32)
    params = MODEL.init(init_key)
    return Problem(data, layers_of(params), params, key)


def layers_of(params: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return weights and biases from a parameter tree of jgen."""
    layers = []
    for part, path in LAYERS:
        layer = params[part]
        for name in path.split("/"):
            layer = layer[name]
        layers.append((np.asarray(layer["kernel"]), np.asarray(layer["bias"])))
    return layers


def batch_and_noise_keys(key: Key, step: Array) -> tuple[Key, Key]:
    """Return the keys of jgen's train step, so that other programs draw the same numbers."""
    return jax.random.fold_in(jax.random.fold_in(key, BATCH_STREAM), step), jax.random.fold_in(key, step)


def draw(key: Key, step: Array, data: Array) -> tuple[Array, Array]:
    """Draw a batch ``[batch, x]`` and noise ``[batch, latent]`` as jgen does."""
    batch_key, noise_key = batch_and_noise_keys(key, step)
    rows = jax.random.randint(batch_key, (BATCH,), 0, len(data), jnp.int32)
    return data[rows], jax.random.normal(noise_key, (BATCH, LATENT))


def continued(advance: Callable[[Any], tuple[Any, Any]], state: Any) -> Call:
    """Return a function that continues from its last state and returns the losses."""
    box = [state]

    def call() -> Any:
        box[0], losses = advance(box[0])
        return losses

    return call


def jgen_calls(problem: Problem, num_steps: int) -> dict[str, Call]:
    """Return name -> training: scan with replacement, scan over epochs, or a jitted call per step."""
    optimizer = optax.adam(LEARNING_RATE)
    step = make_train_step(elbo(MODEL), optimizer)
    make_batch = with_replacement(BATCH)

    def scanned(make_batch: Any, state: TrainState) -> tuple[TrainState, Any]:
        run = train(state, step, problem.data, num_steps, make_batch=make_batch, chunk_size=num_steps)
        return run.state, run.metrics["loss"]

    @partial(jax.jit, donate_argnums=0)
    def one(state: TrainState, data: Array) -> tuple[TrainState, Array]:
        batch = make_batch(data, jax.random.fold_in(state.key, BATCH_STREAM), state.step)
        state, aux = step(state, batch)
        return state, aux["loss"]

    def stepped(state: TrainState) -> tuple[TrainState, Any]:
        losses = []
        for _ in range(num_steps):
            state, loss = one(state, problem.data)
            losses.append(loss)
        return state, losses

    def fresh() -> TrainState:
        return init_state(problem.key, problem.params, optimizer)

    return {
        "jgen, scanned": continued(partial(scanned, make_batch), fresh()),
        "jgen, scanned, shuffled epochs": continued(partial(scanned, shuffled(BATCH)), fresh()),
        "jgen, a jitted call a step": continued(stepped, fresh()),
    }
