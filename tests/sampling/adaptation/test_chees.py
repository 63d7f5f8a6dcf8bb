"""Test the gradient and the trajectory length of ChEES."""

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from jgen.samplers import jittered_hmc
from jgen.samplers.mcmc.jittered_hmc import LastTrajectory, TrajectoryTuning, fraction
from jgen.sampling import sample
from jgen.sampling.adaptation import chees
from jgen.targets import funnel
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


def test_a_gain_is_the_accepted_change_in_rank_of_the_distance():
    """Distances from the median (0, 0) are 1, 1.1, 5, 7 before and 3, 6, inf, 8 after: ranks 0, 1, 3, 5 and
    2, 4, 7, 6 of 8. The third trajectory diverged, the second is rejected half the time. It does not matter
    how far out the fourth chain is."""
    module = import_module("jgen.sampling.adaptation.chees")
    start = jnp.array([[1.0, 0.0], [-1.0, 0.5], [5.0, 0.0], [-7.0, 0.0]])
    end = jnp.array([[3.0, 0.0], [-6.0, 0.0], [jnp.nan, 0.0], [-8.0, 0.0]])
    rates = jnp.array([1.0, 0.5, 1.0, 1.0])
    for far in (0.0, 1e6):
        trajectory = LastTrajectory(start.at[3, 0].add(-far), end.at[3, 0].add(-far), end, jnp.ones(4))
        assert module.gain(trajectory, rates) == (2**2 + 0.5 * 3**2 + 1) / 8**2 / 4


def test_twice_the_cost_has_to_gain_the_root_of_two():
    module = import_module("jgen.sampling.adaptation.chees")

    def pays(short, long, cost=(10.0, 30.0), draws=100.0):
        return bool(module.Gains(jnp.array([short, long]), jnp.array(cost), jnp.full(2, draws)).pay())

    assert pays(1.0, 2 * 2**0.5 - 0.999)
    assert not pays(1.0, 2 * 2**0.5 - 1.001)
    assert not pays(1.0, 1.0)
    assert pays(1.0, 1.0, draws=9.0)  # too few to judge
    assert pays(1.0, 1.0, cost=(1.0, 2.0))  # the shortest trajectories save nothing
    assert pays(0.0, 0.0)


@pytest.mark.slow
def test_trajectories_on_the_funnel_stay_as_short_as_pays():
    """Its criterion grows with the length up to the scale of the widest chain. With no other bound a draw has
    120 to 180 leapfrog steps in this warm-up and 220 to 370 after it, over four seeds, and with the bound by
    what a length gains 12 to 15 and 11 to 18. More than 4: it must not fall to the least."""
    target, num_chains, num_warmup = funnel(), 32, 400
    position = 0.5 * jax.random.normal(jax.random.key(1), (num_chains, 10))
    sampler = jittered_hmc(target.log_density, step_size=0.1, trajectory_length=0.1)
    run = sample(
        jax.random.key(0),
        sampler,
        num_draws=50,
        num_chains=num_chains,
        num_warmup=num_warmup,
        adaptation=chees(),
        position=position,
    )
    assert run.warmup_cost.num_grads < 50 * num_chains * num_warmup
    assert 4 * num_chains * 50 < run.cost.num_grads < 50 * num_chains * 50
