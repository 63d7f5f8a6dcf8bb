"""What each adaptation learns is what is true, within what chance allows; no tolerance is set by hand."""

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.linalg import hadamard
from scipy.optimize import brentq

from jgen.samplers.mcmc.ghmc import DampedTuning
from jgen.samplers.mcmc.jittered_hmc import Flown, TrajectoryTuning, fraction
from jgen.sampling.adaptation.low_rank import CUTOFF, RIDGE
from jgen.targets.ill_conditioned_gaussian import cosine_transform
from tests.helpers.adaptation_histories import draws, fed, feed, gaussian, last_window, smoothing_weights
from tests.helpers.mutant import plant
from tests.helpers.random_keys import fresh_key
from tests.mutants.adaptation import LEARNING

FALSE_ALARM = 1e-6
EPS = float(np.finfo(np.float32).eps)
SCALES = np.geomspace(1e-2, 1e2, 5)
NUM_WARMUP = 300
SLOW = {"ChEES, downhill", *(name for name in LEARNING if "deviations" in name or "its root" in name)}


def learned(adaptation, factor, num_chains, num_warmup=NUM_WARMUP):
    """The metric's factor after exact draws of N(0, A Aᵀ), as a matrix or its diagonal."""
    states = fed(num_chains, len(factor))
    _, states, _ = feed(
        adaptation, states, gaussian, fresh_key(), num_warmup, (jnp.asarray(factor, jnp.float32), 0.8)
    )
    return jax.tree.map(lambda leaf: leaf[0], states.tuning.inverse_mass_factor)


def whitened(found, factor):
    """The eigenvalues that the target's covariance keeps in the coordinates of the metric found."""
    inverse = np.linalg.inv(np.asarray(found, np.float64))
    return np.linalg.eigvalsh(inverse @ factor @ factor.T @ inverse.T)


def as_matrix(found):
    return np.stack([np.asarray(found @ row) for row in np.eye(found.left.size, dtype=np.float32)], axis=1)


def window_learns_the_variances(module):
    """(n - 1) s^2 / sigma^2 is chi-squared; the factor is the root of the shrunk s^2."""
    num_chains = 8
    found = np.asarray(learned(module.window(), np.diag(SCALES), num_chains), np.float64)
    n = num_chains * last_window(NUM_WARMUP)
    shrinkage = 5 / (n + 5)
    variance = (found**2 - shrinkage * 1e-3) / (1 - shrinkage)
    tail = stats.chi2.cdf((n - 1) * variance / SCALES**2, n - 1)
    assert np.minimum(tail, 1 - tail).min() > FALSE_ALARM / (2 * len(SCALES))


def dense_window_learns_the_covariance(module):
    """All singular values of a whitened sample are within sqrt(d/n) + t/sqrt(n) of 1, but for a probability
    of 2 exp(-t^2/2) (Davidson and Szarek 2001); the mean takes one of the n, the shrinkage 5 / (n + 5)."""
    dim, num_chains = 5, 8
    factor = cosine_transform(dim) * np.geomspace(1, 30, dim)[None]
    found = whitened(learned(module.window(dense=True), factor, num_chains), factor)
    n = num_chains * last_window(NUM_WARMUP)
    spread = np.sqrt(dim / (n - 1)) + np.sqrt(2 * np.log(2 / FALSE_ALARM) / (n - 1))
    assert np.all(found**-0.5 < 1 + spread)
    assert np.all(found**-0.5 > (1 - spread) * np.sqrt(n / (n + 5)))


def fisher_knows_the_scales_exactly(module):
    """On a normal of independent coordinates the quotient of scatters does not depend on the draws: two
    chains and the shortest warm-up with a window do. What is left is the rounding of two sums of n terms."""
    found = np.asarray(learned(module.fisher(), np.diag(SCALES), 2, num_warmup=100))
    n = 2 * last_window(100)
    np.testing.assert_allclose(found, SCALES, rtol=n * EPS)


def low_rank_is_exact_where_the_rank_suffices(module):
    """Twice the rank spans all four dimensions: no direction is left beyond the cutoff, and those that were
    beyond it are exact, but for the ridge and the rounding, both times the condition number."""
    condition = 1e3
    factor = cosine_transform(4) * np.sqrt(np.geomspace(1, condition, 4))[None]
    found = whitened(as_matrix(learned(module.low_rank(rank=4), factor, 4)), factor)
    tolerance = (RIDGE + 4**2 * EPS) * condition
    exact = np.abs(found - 1) < tolerance
    assert exact.sum() >= 2
    assert np.all(exact | ((found > 1 / CUTOFF) & (found < CUTOFF)))


def low_rank_finds_two_directions_among_many(module):
    """Variances 1000 and 1/1000 along two of 64 directions, which all coordinates share: the diagonal can do
    nothing. The principal direction of n rows misses the true one by an angle of square r / 1000, with n r a
    chi-squared of d degrees of freedom. In the plane of both the gradients then see a variance of
    (1 + r) / 1000, and whitened by the mean, with s = (1 + r)^(1/2), two variances of sum s + s^2 and product
    s are left; for the short direction their inverses."""
    dim, num_rows, num_chains = 64, 256, 16
    variances = np.ones(dim)
    variances[[3, 7]] = 1e3, 1e-3
    factor = hadamard(dim) / np.sqrt(dim) * np.sqrt(variances)[None]
    found = whitened(
        as_matrix(learned(module.low_rank(rank=2, num_rows=num_rows), factor, num_chains)), factor
    )
    offered = num_chains * last_window(NUM_WARMUP)
    kept = offered / 2 ** np.ceil(np.log2(offered / num_rows))
    s = np.sqrt(1 + stats.chi2.isf(FALSE_ALARM / 6, dim) / kept)
    left = (s + s**2 + np.sqrt((s + s**2) ** 2 - 4 * s)) / 2 * kept / stats.chi2.ppf(FALSE_ALARM / 6, kept)
    assert found.max() < left
    assert found.min() > 1 / left


def low_rank_has_the_transpose_of_its_matrix(module):
    found = learned(module.low_rank(rank=3), cosine_transform(6) * np.geomspace(1, 30, 6)[None], 4)
    matrix = as_matrix(found)
    vector = np.arange(6, dtype=np.float32)
    np.testing.assert_allclose(found.T @ vector, matrix.T @ vector, rtol=1e3 * EPS, atol=1e3 * EPS)


def flow(key, index, states, data):
    """Exact motion on the standard normal: x cos t + n sin t. No step is too long, so all are accepted."""
    del data
    noise = jax.random.normal(key, (2, *states.position.shape))
    length = fraction((index + 1).astype(jnp.uint32)) * states.tuning.trajectory_length
    cos, sin = jnp.cos(length)[:, None], jnp.sin(length)[:, None]
    end, velocity = noise[0] * cos + noise[1] * sin, noise[1] * cos - noise[0] * sin
    states = states._replace(flown=Flown(noise[0], end, velocity, length))
    return states, draws(states, jnp.full(len(length), 0.651))


def without_noise(num_warmup):
    """What the climb makes of infinitely many chains: the slope along log T at length t = u T is t sin 2t."""
    log_length, squares, average = 0.0, 0.0, 0.0
    for count in range(1, num_warmup + 1):
        t = float(fraction(jnp.uint32(count))) * np.exp(log_length)
        squares = 0.95 * squares + 0.05 * (t * np.sin(2 * t)) ** 2
        log_length += 0.025 * t * np.sin(2 * t) / np.sqrt(squares / (1 - 0.95**count))
        average += count**-0.75 * (log_length - average)
    return np.exp(average)


def chees_climbs_to_the_length_of_a_normal(module):
    """The criterion is flat at tan 2T = 2T, T = 2.2467. Adam divides each slope by a mean of squares that
    knows it, which draws T down by half a percent: the same climb without noise, made here, says how far.
    What the noise of C chains adds is compared with its own spread over independent populations."""
    num_chains, populations, num_warmup = 128, 12, 500
    root = 0.5 * brentq(lambda z: np.tan(z) - z, 4.4, 4.6)
    expected = without_noise(num_warmup)
    assert abs(expected / root - 1) < 0.005

    tuning = TrajectoryTuning(jnp.ones(()), jnp.ones(10), jnp.ones(()))
    states = fed(num_chains, 10, tuning)
    zeros = jnp.zeros((num_chains, 10))
    states = states._replace(flown=Flown(zeros, zeros, zeros, jnp.zeros(num_chains)))
    keys = jax.random.split(fresh_key(), populations)
    found = jax.vmap(
        lambda key: feed(module.chees(), states, flow, key, num_warmup, ())[1].tuning.trajectory_length[0]
    )(keys)
    error = np.std(found, ddof=1) / np.sqrt(populations)
    threshold = stats.t.isf(FALSE_ALARM / 2, populations - 1)
    # The centre is that of C chains, whose chance error takes 1 / C of every squared distance from it.
    assert abs(np.mean(found) - expected) < threshold * error + expected / num_chains


def meads_learns_scales_step_and_damping(module):
    """Averages over four folds of m chains weigh steps by w. A fold tells s^2, (m - 1) s^2 / sigma^2 being
    chi-squared. With q_i the mean of g_i^2 s_i^2, to first order 1 + 2 (s_i^2 / sigma_i^2 - 1), what it tells
    of the gradients is tr C^2 / tr C = mean q^2 / mean q: its log has a variance of 8 / (d m) and, from the
    products of s with the rows in it, a mean of (8 - 12 / d) / m, and the step minus half of that. What it
    tells of white positions has no first order: it is within 3 / m of 1, of sd 2 / m."""
    dim, m = len(SCALES), 64
    tuning = DampedTuning(jnp.ones(()), jnp.ones(dim), jnp.ones(()))
    data = (jnp.diag(jnp.asarray(SCALES, jnp.float32)), 0.8)
    _, states, _ = feed(module.meads(), fed(4 * m, dim, tuning), gaussian, fresh_key(), NUM_WARMUP, data)
    found = jax.tree.map(lambda leaf: leaf[0], states.tuning)
    z = stats.norm.isf(FALSE_ALARM / (2 * (dim + 2)))
    spread = np.sqrt(np.sum(smoothing_weights(NUM_WARMUP) ** 2) / 4)
    # A sum of chi-squareds has a heavier right tail than a normal (Laurent and Massart 2000).
    of_variance = z * spread * np.sqrt(2 / (m - 1)) + z**2 * NUM_WARMUP**-0.75 / (m - 1)
    assert np.all(np.abs(found.inverse_mass_factor**2 / SCALES**2 - 1) < of_variance)
    of_step = z * spread * np.sqrt(2 / (dim * m)) + (8 / m) ** 2
    assert abs(np.log(found.step_size / 0.5) + (4 - 6 / dim) / m) < of_step
    assert abs(np.log(found.damping)) < (3 + z * spread * 2) / m


def no_fold_of_meads_hears_itself(module):
    """Four folds of different scales: after each step every fold has the scale of another one."""
    tuning = DampedTuning(jnp.ones(()), jnp.ones(1), jnp.ones(()))
    own = jnp.repeat(10.0 ** jnp.arange(4), 8)[:, None]
    positions = own * jnp.tile(jnp.array([-1.0, 1.0]), 16)[:, None]
    states = fed(32, 1, tuning)._replace(position=positions, gradient=-positions / own**2)
    memory, states = module.meads().init(states)
    for index in range(6):
        memory, states = module.meads().update(memory, states, None, jnp.int32(index), jnp.int32(100))
        donor = np.round(np.log10(states.tuning.inverse_mass_factor[::8, 0]))
        assert sorted(donor) == [0, 1, 2, 3]
        assert np.all(donor != np.arange(4))


def chees_knows_the_slope_of_a_normal(module):
    """At length t the expected slope is d t sin 2t, in the mean over chains, each weighed by its acceptance:
    here a third of them count fully, a third half, and a third, which diverged, not at all."""
    dim, num_chains, repeats, length = 5, 3000, 32, 0.7
    noise = jax.random.normal(fresh_key(), (2, repeats, num_chains, dim))
    start, end = noise[0], noise[0] * np.cos(length) + noise[1] * np.sin(length)
    velocity = noise[1] * np.cos(length) - noise[0] * np.sin(length)
    kind = jnp.arange(num_chains) % 3
    lost = (kind == 2)[None, :, None]
    flown = Flown(start, jnp.where(lost, jnp.nan, end), velocity, jnp.full((repeats, num_chains), length))
    found = jax.vmap(module.slope, (0, None))(flown, jnp.array([1.0, 0.5, 0.0])[kind])
    expected = dim * length * np.sin(2 * length)
    error = np.std(found, ddof=1) / np.sqrt(repeats)
    threshold = stats.t.isf(FALSE_ALARM / 2, repeats - 1)
    # The centres are those of C chains, whose chance errors take some 1 / C of the squares.
    assert abs(np.mean(found) - expected) < threshold * error + 4 * expected / num_chains


KNOWN = [
    window_learns_the_variances,
    dense_window_learns_the_covariance,
    fisher_knows_the_scales_exactly,
    low_rank_is_exact_where_the_rank_suffices,
    low_rank_finds_two_directions_among_many,
    low_rank_has_the_transpose_of_its_matrix,
    chees_knows_the_slope_of_a_normal,
    chees_climbs_to_the_length_of_a_normal,
    meads_learns_scales_step_and_damping,
    no_fold_of_meads_hears_itself,
]


def named(answer):
    """The answer's name says whose it is."""
    return next(
        name for name in ("window", "fisher", "low_rank", "chees", "meads") if name in answer.__name__
    )


@pytest.mark.parametrize("answer", KNOWN, ids=lambda answer: answer.__name__)
def test_what_is_learned_is_true(answer):
    answer(import_module(f"jgen.sampling.adaptation.{named(answer)}"))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in LEARNING]
)
def test_planted_bugs_are_caught(name, kills):
    bug, missed = LEARNING[name]
    answer = next(answer for answer in KNOWN if answer.__name__ == missed)
    module = plant(bug)
    with kills(name, error=AssertionError):
        answer(module)
