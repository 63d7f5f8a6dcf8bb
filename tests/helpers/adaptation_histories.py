"""Run adaptations on exact, independent draws, without a kernel."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from jgen.samplers.mcmc.jittered_hmc import LastTrajectory
from jgen.samplers.state import Tuning
from jgen.sampling.adaptation.growing_windows import schedule
from jgen.types import DrawKind, Draws
from tests.helpers.random_keys import fresh_key


class Fed(NamedTuple):
    """State with the fields that adaptations read; every array has a leading chain axis."""

    position: Any
    gradient: Any
    tuning: Any
    last_trajectory: Any


def fed(num_chains, dim, kind=Tuning):
    """Return chains at the origin, with ones for the tuning, and for the length of the last trajectory."""
    zeros, one = jnp.zeros((num_chains, dim)), jnp.ones(num_chains)
    tuning = kind(*(one, jnp.ones((num_chains, dim)), one)[: len(kind._fields)])
    return Fed(zeros, zeros, tuning, LastTrajectory(zeros, zeros, zeros, one))


def draws(states, rates):
    """Return draws of one step with these acceptance rates ``[chain]``."""
    return Draws(states.position, {"acceptance_rate": rates}, None, DrawKind.MARKOV)


@partial(jax.jit, static_argnames="serve")
def feed(adaptation, states, serve, key, num_warmup, data):
    """Run a warm-up; ``serve(key, index, states, data) -> (states, draws)`` replaces the kernel.

    Returns:
        The state, the states, and the step sizes after each update ``[step, chain]``, 1000 at most.
    """

    def body(index, carry):
        state, states, path = carry
        states, seen = serve(jax.random.fold_in(key, index), index, states, data)
        state, states = adaptation.update(state, states, seen, index, num_warmup)
        return state, states, path.at[index].set(states.tuning.step_size)

    state, states = adaptation.init(states)
    path = jnp.full((1000, len(states.tuning.step_size)), jnp.nan)
    return jax.lax.fori_loop(0, num_warmup, body, (state, states, path))


def gaussian(key, index, states, data):
    """Draw exactly and independently from N(3 A 1, A Aᵀ), with gradients, for ``data = (A, rate)``."""
    del index
    factor, rate = data
    noise = jax.random.normal(key, states.position.shape)
    position = (noise + 3.0) @ factor.T
    states = states._replace(position=position, gradient=-noise @ jnp.linalg.inv(factor))
    return states, draws(states, jnp.full(len(noise), rate))


def last_window(num_warmup):
    """Return the number of steps of the last slow window."""
    is_slow, ends = jax.vmap(schedule, (0, None))(jnp.arange(num_warmup), jnp.int32(num_warmup))
    windows = np.flatnonzero(ends)
    begin = np.flatnonzero(is_slow)[0] if len(windows) == 1 else windows[-2] + 1
    return int(windows[-1] - begin + 1)


def smoothing_weights(count):
    """Return the weights of ``count`` values in the average of dual averaging ``[count]``."""
    weights = np.arange(1, count + 1) ** -0.75
    remaining = np.cumprod((1 - weights)[::-1])[::-1]
    return weights * np.append(remaining[1:], 1.0)


def allowed_error(rates, num_steps, distance, gamma=0.05):
    """Bound the error of the mean acceptance ``[chain, draw]`` after ``num_steps`` of dual averaging.

    By its equations the errors of the first t steps sum to gamma (sqrt(t) + 10 / sqrt(t)) times
    |log step - mu|, so that their average, weighted as the steps are, is known: ``bias``. The random
    errors of warm-up are weighted likewise, those of the draws equally; the long-run variance of both is that
    between chains. That the rate at an average step is not the average rate is at most ``bend``, for rates
    that fall with the log step by 1/2 or more, with a curvature of 3 or less.
    """
    num_chains, num_draws = rates.shape
    of_mean = np.var(rates.mean(axis=1), ddof=1) / num_chains
    weights, t = smoothing_weights(num_steps), np.arange(1, num_steps + 1)
    sums = gamma * (np.sqrt(t) + 10 / np.sqrt(t)) * distance
    bias = abs(np.sum(weights * np.diff(sums, prepend=0.0)))
    bend = 1.5 * num_draws * of_mean / (gamma * np.sqrt(num_steps))
    threshold = stats.t.isf(0.5e-6, num_chains - 1)
    return bias + bend + threshold * np.sqrt(of_mean * (1 + num_draws * np.sum(weights**2)))


def learned(adaptation, factor, num_chains, num_warmup=300):
    """Return the factor found from exact draws of N(0, A Aᵀ), as a matrix or its diagonal."""
    states, data = fed(num_chains, len(factor)), (jnp.asarray(factor, jnp.float32), 0.8)
    _, states, _ = feed(adaptation, states, gaussian, fresh_key(), num_warmup, data)
    return jax.tree.map(lambda leaf: leaf[0], states.tuning.inverse_mass_factor)


def whitened(found, factor):
    """Return the eigenvalues of the target's covariance in the coordinates of the factor found."""
    inverse = np.linalg.inv(np.asarray(found, np.float64))
    return np.linalg.eigvalsh(inverse @ factor @ factor.T @ inverse.T)


def as_matrix(found):
    return np.stack([np.asarray(found @ row) for row in np.eye(found.left.size, dtype=np.float32)], axis=1)
