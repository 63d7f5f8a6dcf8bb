"""Test what the mean of a sample lacks of a heavy tail."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.diagnostics.weights import log_evidence, pareto_k, self_normalised_mean
from jgen.diagnostics.weights.unseen_tail import (
    FEWEST_FOR_TAIL,
    LIGHT_K,
    unseen_tail,
    unseen_tail_of_largest,
    upper_tail_k,
)
from tests.helpers.random_keys import fresh_rng


def pareto(k, size):
    """Return the quantiles of a Pareto tail of shape k and mean 1 ``[size]``, rising."""
    return (1 - k) * (1 - (np.arange(size) + 0.5) / size) ** -k


def test_light_tails_and_short_samples_lack_nothing():
    values = jnp.asarray(pareto(0.6, 1000))
    assert unseen_tail(values, jnp.float32(0.6)) > 0
    assert unseen_tail(values, jnp.float32(LIGHT_K)) == 0
    assert unseen_tail(values, jnp.float32(-jnp.inf)) == unseen_tail(values, jnp.float32(jnp.nan)) == 0
    assert unseen_tail(values[: FEWEST_FOR_TAIL - 1], jnp.float32(0.6)) == 0
    assert upper_tail_k(np.ones(FEWEST_FOR_TAIL - 1)) is None


def test_a_heavier_tail_lacks_more_in_any_unit():
    """The mean excess of the heaviest tail is sigma / (1 - k): the same by NumPy."""
    values, size, k = pareto(0.5, 1000), 1000, 0.5
    num_tail = int(np.ceil(3 * np.sqrt(size)))
    excess = values[-num_tail:] - values[-num_tail - 1]
    shape = min(k + 3 * (1 + k) / np.sqrt(num_tail + 10), 0.98)
    scale = np.median(excess) * shape / (2**shape - 1)
    truth = num_tail / size * (scale / (1 - shape) - excess.mean())
    for unit in (1.0, 2.0**-80, 2.0**80):
        np.testing.assert_allclose(
            unseen_tail(jnp.asarray(values * unit), jnp.float32(k)), truth * unit, rtol=1e-4
        )
    more = unseen_tail(jnp.asarray(values), jnp.float32(0.6))
    assert more > truth
    largest = jnp.asarray(values[::-1][: num_tail + 5].copy())
    found = unseen_tail_of_largest(largest, jnp.array(num_tail), jnp.array(size), jnp.float32(k))
    np.testing.assert_allclose(found, truth, rtol=1e-4)


@pytest.mark.slow
def test_unflagged_intervals_of_log_z_cover_under_a_tail_without_variance():
    """k = 0.6 and 1,000 weights: 94 to 96 % (``benchmarks.coverage``); 81 % by the delta method alone."""
    num_runs, k = 600, 0.6
    log_weights = np.log(1 - k) - k * np.log(fresh_rng().uniform(size=(num_runs, 1000)))
    found = [one for one in map(log_evidence, log_weights) if not one.flags]
    covered = sum(bool(one.low <= 0 <= one.high) for one in found)
    assert len(found) > num_runs / 2
    assert covered >= stats.binom.ppf(1e-6, len(found), 0.93)


def test_the_error_of_a_weighted_mean_counts_what_the_weights_lack():
    """N(1, 0.6^2) for N(0, 1), k = 0.64: of 1,000 hardly one is below -1, and the mean is too high."""
    x = fresh_rng().normal(size=100_000) * 0.6 + 1
    log_weight = ((x - 1) / 0.6) ** 2 / 2 - x**2 / 2
    chunks = zip(x.reshape(-1, 1000), log_weight.reshape(-1, 1000), strict=True)
    found = [(*self_normalised_mean(*chunk), pareto_k(chunk[1])) for chunk in chunks]
    mean, error, k = np.array(found).T
    kept = (k > LIGHT_K) & (k < 0.7)
    assert kept.sum() > 10
    covered = (np.abs(mean) < 1.96 * error)[kept].sum()
    assert covered >= stats.binom.ppf(1e-6, kept.sum(), 0.93)
    plain = [
        np.sqrt((weight**2 * (one - centre) ** 2).sum())
        for one, lw, centre in zip(x.reshape(-1, 1000), log_weight.reshape(-1, 1000), mean, strict=True)
        for weight in [np.exp(lw) / np.exp(lw).sum()]
    ]
    assert (error >= np.array(plain) * (1 - 1e-4)).all()
