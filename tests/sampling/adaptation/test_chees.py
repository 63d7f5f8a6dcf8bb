"""Test the gradient and the trajectory length of ChEES."""

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from jgen.samplers.mcmc.jittered_hmc import LastTrajectory, TrajectoryTuning, fraction
from tests.helpers.adaptation_histories import draws, fed, feed
from tests.helpers.random_keys import fresh_key

FALSE_ALARM = 1e-6


def flow(key, index, states, data):
    """Exact motion on the standard normal: x cos t + n sin t. No step is too long, so all are accepted."""
    del data
    noise = jax.random.normal(key, (2, *states.position.shape))
    length = fraction((index + 1).astype(jnp.uint32)) * states.tuning.trajectory_length
    cos, sin = jnp.cos(length)[:, None], jnp.sin(length)[:, None]
    end, velocity = noise[0] * cos + noise[1] * sin, noise[1] * cos - noise[0] * sin
    states = states._replace(last_trajectory=LastTrajectory(noise[0], end, velocity, length))
    return states, draws(states, jnp.full(len(length), 0.651))


def without_noise(num_warmup):
    """Return T adapted with infinitely many chains: the slope along log T at length t = u T is t sin 2t."""
    log_length, squares, average = 0.0, 0.0, 0.0
    for count in range(1, num_warmup + 1):
        t = float(fraction(jnp.uint32(count))) * np.exp(log_length)
        squares = 0.95 * squares + 0.05 * (t * np.sin(2 * t)) ** 2
        log_length += 0.025 * t * np.sin(2 * t) / np.sqrt(squares / (1 - 0.95**count))
        average += count**-0.75 * (log_length - average)
    return np.exp(average)


def check_length(module):
    """The criterion has its maximum at tan 2T = 2T, T = 2.2467. Adam divides each slope by a mean of squares
    that includes it, which lowers T by half a percent, computed here by the same ascent without noise. The
    noise of C chains is compared with its spread over independent populations."""
    num_chains, populations, num_warmup = 128, 12, 500
    root = 0.5 * brentq(lambda z: np.tan(z) - z, 4.4, 4.6)
    expected = without_noise(num_warmup)
    assert abs(expected / root - 1) < 0.005

    def length(key):
        states = fed(num_chains, 10, TrajectoryTuning)
        return feed(module.chees(), states, flow, key, num_warmup, ())[1].tuning.trajectory_length[0]

    found = jax.vmap(length)(jax.random.split(fresh_key(), populations))
    error = np.std(found, ddof=1) / np.sqrt(populations)
    threshold = stats.t.isf(FALSE_ALARM / 2, populations - 1)
    # The centre is that of C chains, whose sampling error takes 1 / C of every squared distance from it.
    assert abs(np.mean(found) - expected) < threshold * error + expected / num_chains


def check_slope(module):
    """At length t the expected slope is d t sin 2t, in the mean over chains, each weighed by its acceptance:
    here a third of them count fully, a third half, and a third, which diverged, not at all."""
    dim, num_chains, repeats, length = 5, 3000, 32, 0.7
    noise = jax.random.normal(fresh_key(), (2, repeats, num_chains, dim))
    start, end = noise[0], noise[0] * np.cos(length) + noise[1] * np.sin(length)
    velocity = noise[1] * np.cos(length) - noise[0] * np.sin(length)
    kind = jnp.arange(num_chains) % 3
    end = jnp.where((kind == 2)[None, :, None], jnp.nan, end)
    trajectory = LastTrajectory(start, end, velocity, jnp.full((repeats, num_chains), length))
    found = jax.vmap(module.slope, (0, None))(trajectory, jnp.array([1.0, 0.5, 0.0])[kind])
    expected = dim * length * np.sin(2 * length)
    error = np.std(found, ddof=1) / np.sqrt(repeats)
    threshold = stats.t.isf(FALSE_ALARM / 2, repeats - 1)
    # The centres are those of C chains, whose sampling errors take some 1 / C of the squares.
    assert abs(np.mean(found) - expected) < threshold * error + 4 * expected / num_chains


@pytest.mark.parametrize("check", [check_slope, pytest.param(check_length, marks=pytest.mark.slow)])
def test_a_normal_gives_its_slope_and_its_length(check):
    check(import_module("jgen.sampling.adaptation.chees"))
