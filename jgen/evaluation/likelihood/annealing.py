"""Anneal from the start of each example to its posterior, and back from exact draws."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.compiled import jit
from jgen.distributions.moments import moments
from jgen.evaluation.evidence.bidirectional import anneal_back
from jgen.evaluation.likelihood.decoder_model import DecoderModel, key_of, log_joint, simulate, start_of
from jgen.samplers import AnnealingPath, annealing_path, hmc
from jgen.samplers.populations.annealed import anneal
from jgen.types import Array, Info, Key, PyTree, Sampler

NUM_SCALE_DRAWS = 64
"""Draws of a start without a known variance, whose variances scale the steps."""


class Schedule(NamedTuple):
    """Temperatures, and the kernel's tuning at each of them, fixed before the measurement.

    Attributes:
        betas: Inverse temperatures, from 0 to 1 ``[temperature + 1]``.
        step_sizes: Leapfrog step at each but the first, in units of the start's standard deviations
            ``[temperature]``.
        num_leapfrogs: Leapfrog steps at each temperature ``[]``.
    """

    betas: Array
    step_sizes: Array
    num_leapfrogs: Array


class Passes(NamedTuple):
    """Log-weights of annealing runs, and how they went.

    Attributes:
        log_weight: In nats ``[example, chain]``.
        acceptance_rate: Mean over temperatures and chains ``[example]``.
        num_grads: Gradients of all chains ``[example]``.
    """

    log_weight: Array
    acceptance_rate: Array
    num_grads: Array


def path_of(fitted: DecoderModel, x: PyTree) -> AnnealingPath:
    """Return the path from the start of one example to its posterior, whose normaliser is p(x)."""
    return AnnealingPath(start_of(fitted, x), Partial(log_joint, fitted, x))


def kernel_of(schedule: Schedule, path: AnnealingPath) -> Partial:
    """Return Hamiltonian Monte Carlo with the step of each temperature, in units of the start's scales."""
    return Partial(_tempered_hmc, schedule, variances_of(path.base))


def _tempered_hmc(schedule: Schedule, variances: Array, log_density: Partial) -> Sampler:
    beta = annealing_path.temperature_of(log_density)
    step_size = schedule.step_sizes[jnp.searchsorted(schedule.betas[1:], beta)]
    return hmc(
        log_density, step_size=step_size, num_steps=schedule.num_leapfrogs, inverse_mass_matrix=variances
    )


def variances_of(start: dist.Distribution) -> Array:
    """Return the variances of a start ``[dim]``; from draws where NumPyro knows none."""
    try:
        variance = moments(start)[1]
    except NotImplementedError:
        keys = jax.random.split(jax.random.key(0), NUM_SCALE_DRAWS)
        variance = jax.vmap(start.sample)(keys).var(0)
    return ravel_pytree(variance)[0]


@partial(jit, static_argnames="num_chains")
def annealed_passes(
    fitted: DecoderModel, schedule: Schedule, x: PyTree, index: Array, key: Key, *, num_chains: int
) -> Passes:
    """Anneal all chains of a batch of examples in one program.

    A chain depends on the numbers of its example and its own alone.
    """

    def of_example(x: PyTree, index: Array) -> Passes:
        path, own_key = path_of(fitted, x), key_of(key, index)
        kernel = kernel_of(schedule, path)

        def of_chain(chain: Array) -> tuple[Array, Info]:
            start_key, move_key = jax.random.split(key_of(own_key, chain))
            start = path.base.sample(start_key)
            return anneal(path, kernel, schedule.betas, jnp.int32(1), move_key, start)[1:]

        log_weight, info = jax.vmap(of_chain)(jnp.arange(num_chains))
        return Passes(log_weight, info["acceptance_rate"].mean(), info["num_grads"].sum())

    return jax.vmap(of_example)(x, index)


@jit
def simulated_examples(fitted: DecoderModel, index: Array, key: Key) -> tuple[Array, PyTree]:
    """Simulate examples by their numbers; return their latents and them."""
    return jax.vmap(lambda index: simulate(fitted, key_of(key, index)))(index)


@partial(jit, static_argnames="num_chains")
def passes_back(
    fitted: DecoderModel,
    schedule: Schedule,
    pair: tuple[Array, PyTree],
    index: Array,
    key: Key,
    *,
    num_chains: int,
) -> Array:
    """Anneal from exact draws of posteriors to the starts; return minus the log-weights ``[batch, chain]``.

    All chains of an example start from its one exact draw: the mean of their weights is unbiased for 1 / p(x)
    all the same.
    """

    def of_example(pair: tuple[Array, PyTree], index: Array) -> Array:
        (z, x), keys = pair, jax.vmap(partial(key_of, key_of(key, index)))(jnp.arange(num_chains))
        path = path_of(fitted, x)
        back = partial(anneal_back, path, kernel_of(schedule, path), schedule.betas, jnp.int32(1))
        return jax.vmap(back, (0, None))(keys, z)

    return jax.vmap(of_example)(pair, index)
