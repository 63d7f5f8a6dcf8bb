"""Test the copies that resampling schemes make."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.diagnostics.weights import resampling
from tests.helpers.random_keys import fresh_key

# Weights in 64ths, so that eight evenly spaced uniforms see every way to lay eight points.
WEIGHTS = np.array([0, 1, 7, 8, 9, 15, 24, 0]) / 64


def check_copies(module):
    """Check that each draw has 8 w copies on average over all uniforms, and floor or ceil of that at each."""
    copies = [
        np.bincount(module.ancestors(jnp.log(WEIGHTS), jnp.arange(8), jnp.float32(u)), minlength=8)
        for u in (np.arange(8) + 0.5) / 8
    ]
    assert np.all(np.abs(np.array(copies) - 8 * WEIGHTS) < 1)
    np.testing.assert_array_equal(np.mean(copies, axis=0), 8 * WEIGHTS)


def test_systematic_copies_are_exact_over_the_uniform():
    check_copies(resampling)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["systematic", "stratified"])
def test_no_particle_of_millions_is_lost(name):
    """Copy each of equal weights once, up to rounding at an edge; one float32 sum loses 3 % of them."""
    size = 4_000_000
    copies = getattr(resampling, name)(jax.random.key(0), jnp.zeros(size))
    assert np.abs(np.bincount(copies, minlength=size).cumsum() - np.arange(1, size + 1)).max() <= 1
    if name == "systematic":
        assert np.unique(copies).size > 0.9999 * size


# The share of stratum i that each of eight draws covers: its probability of being copied from there.
EDGES = np.append(0, 8 * WEIGHTS.cumsum())
STRATIFIED = np.array(
    [np.clip(np.minimum(EDGES[1:], i + 1) - np.maximum(EDGES[:-1], i), 0, 1) for i in range(8)]
)
PROBABILITIES = {"stratified": STRATIFIED, "multinomial": np.tile(WEIGHTS, (8, 1))}  # [point, draw]


def check_probabilities(module, name):
    """Check how often the point i falls on draw j in 4000 independent runs: a binomial of known probability,
    whose tails are exact. So is the number of runs that leave j out, as the points are independent too."""
    probability, num_runs = PROBABILITIES[name], 4000
    np.testing.assert_allclose(probability.sum(axis=0), 8 * WEIGHTS, rtol=1e-12)  # 8 w copies on average
    keys = jax.random.split(fresh_key(), num_runs)
    copies = jax.vmap(getattr(module, name), (0, None))(keys, jnp.log(WEIGHTS))  # [run, point]
    hits = np.asarray(copies)[:, :, None] == np.arange(8)  # [run, point, draw]
    found = np.concatenate([hits.sum(axis=0), (~hits.any(axis=1)).sum(axis=0, keepdims=True)])
    expected = np.concatenate([probability, np.prod(1 - probability, axis=0, keepdims=True)])
    # Roundings of a running sum move an edge by 4 EPS or less, of strata of an eighth, and there are eight.
    slack = 4 * 8 * 8 * float(np.finfo(np.float32).eps)
    too_many = stats.binom.sf(found - 1, num_runs, np.minimum(expected + slack, 1))
    too_few = stats.binom.cdf(found, num_runs, np.maximum(expected - slack, 0))
    assert np.minimum(too_many, too_few).min() > 1e-6 / (2 * found.size)


@pytest.mark.parametrize("name", PROBABILITIES)
def test_copies_have_their_probabilities(name):
    """False alarm 1e-6."""
    check_probabilities(resampling, name)


@pytest.mark.parametrize("name", ["systematic", "stratified", "multinomial"])
@pytest.mark.parametrize("weights", [np.zeros((2, 3)), np.zeros(0), np.array([0.0, np.nan]), np.float32(0.0)])
def test_what_cannot_be_resampled_is_refused(name, weights):
    with pytest.raises(ValueError, match=f"^{name}"):
        getattr(resampling, name)(jax.random.key(0), weights)
