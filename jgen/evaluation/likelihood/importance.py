"""Compute the evidence lower bound and the importance-weighted bound of each example from the same draws."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgen._internal.compiled import jit
from jgen.diagnostics.weights import kish_ess, log_mean_exp_with_error, pareto_k
from jgen.diagnostics.weights.unseen_tail import FEWEST_FOR_K
from jgen.distributions.parameters import log_prob_of
from jgen.evaluation.likelihood.decoder_model import DecoderModel, key_of, one, start_of
from jgen.objectives.latent_terms import decode, prior_of, sample_and_log_prob
from jgen.types import Array, Key, PyTree


class WeightStatistics(NamedTuple):
    """Statistics of the log-weights of K draws of each example, each ``[batch]``.

    Attributes:
        mean: Mean log-weight: its expectation is the evidence lower bound.
        mean_error: Its standard error; NaN for one draw.
        log_mean: Log of the mean weight: the importance-weighted bound.
        log_mean_error: Its standard error, by the delta method.
        ess: Kish's effective number of draws.
        pareto_k: Shape of the tail of the weights; NaN for fewer than 25.
    """

    mean: Array
    mean_error: Array
    log_mean: Array
    log_mean_error: Array
    ess: Array
    pareto_k: Array


@partial(jit, static_argnames=("num_particles", "chunk_size"))
def weight_statistics(
    fitted: DecoderModel, x: PyTree, index: Array, key: Key, *, num_particles: int, chunk_size: int
) -> WeightStatistics:
    """Compute the statistics of a batch; a draw depends on the numbers of its example and its own alone."""

    def of_example(x: PyTree, index: Array) -> WeightStatistics:
        return statistics_of(log_weights(fitted, x, key_of(key, index), num_particles, chunk_size))

    return jax.vmap(of_example)(x, index)


def log_weights(fitted: DecoderModel, x: PyTree, key: Key, num_particles: int, chunk_size: int) -> Array:
    """Compute log p(x, z_k) - log q(z_k | x) of one example ``[particle]``; chunks bound the memory."""
    model, params = fitted
    start, prior = start_of(fitted, x), prior_of(model, params)

    def of_chunk(indices: Array) -> Array:
        z, log_start = jax.vmap(partial(sample_and_log_prob, start))(jax.vmap(partial(key_of, key))(indices))
        log_prior = log_start if model.encoder is None else jax.vmap(partial(log_prob_of, prior))(z)
        tiled = jax.tree.map(lambda leaf: jnp.repeat(leaf, len(indices), axis=0), one(x))
        return log_prior - log_start + log_prob_of(decode(model, params, z), tiled)

    size = min(chunk_size, num_particles)
    num_chunks = -(-num_particles // size)
    indices = jnp.arange(num_chunks * size).reshape(num_chunks, size)
    return jax.lax.map(of_chunk, indices).ravel()[:num_particles]


def statistics_of(log_weight: Array) -> WeightStatistics:
    """Compute the statistics of the log-weights of one example ``[particle]``."""
    size = log_weight.size
    error = log_weight.std(ddof=1) / size**0.5 if size > 1 else jnp.full_like(log_weight[0], jnp.nan)
    k = pareto_k(log_weight) if size >= FEWEST_FOR_K else jnp.full_like(log_weight[0], jnp.nan)
    return WeightStatistics(
        log_weight.mean(), error, *log_mean_exp_with_error(log_weight), kish_ess(log_weight), k
    )
