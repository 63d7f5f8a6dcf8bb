"""Test ESS and MCSE by batch means."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.sampling.reducers import batch_means
from jgen.sampling.reducers.batch_means import LARGEST_CORRELATION
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_key
from tests.helpers.reducer_folds import markov, run

FALSE_ALARM = 1e-6
EPS = float(np.finfo(np.float32).eps)


def ar1(key, r, num_draws, num_chains):
    """Simulate a stationary autoregression of variance 1 ``[draw, chain]``."""
    noise = jax.random.normal(key, (num_draws, num_chains))

    def step(x, e):
        x = r * x + jnp.sqrt(1 - r**2) * e
        return x, x

    return jax.lax.scan(step, noise[0], noise)[1]


def plain_ess(result):
    """Return the ESS without the correlation of neighbouring batches."""
    return np.asarray(result.ess * (1 + result.correlation) / (1 - result.correlation))


def test_batch_means_equal_those_of_stored_draws():
    """3,000 draws fill 46 batches of 64 with 56 draws left over; checked against plain NumPy."""
    value = np.asarray(ar1(jax.random.key(0), 0.5, 3000, 2)) + np.float32(100)  # [draw, chain]
    result = run(batch_means(), markov({"x": value}))
    assert result.batch_size == 64
    exact = value.astype(np.float64)
    batch = exact[: 46 * 64].reshape(46, 64, 2).mean(axis=1)
    apart = batch - batch.mean()
    r = max((apart[1:] * apart[:-1]).sum() / (apart**2).sum(), 0.0)
    long_run = 64 * batch.var(ddof=1) * (1 + r) / (1 - r)
    np.testing.assert_allclose(result.correlation["x"], r, rtol=1e-4)
    assert r > 0  # or the correction is not seen
    np.testing.assert_allclose(result.mean["x"], exact.mean(), rtol=8 * EPS)
    np.testing.assert_allclose(result.mcse["x"], np.sqrt(long_run / 6000), rtol=1e-4)
    np.testing.assert_allclose(result.ess["x"], 6000 * exact.var(ddof=1) / long_run, rtol=1e-4)


def scatter_bounds(size, variance, row_sum, square_sum, tail):
    """Bound the scatter of stationary Gaussians about their mean, with probability ``tail`` each way.

    It is a sum of chi-squareds weighted by eigenvalues of a covariance, each of them at most ``row_sum``,
    their squares together at most ``size square_sum``: the tails are those of Laurent and Massart (2000),
    lemma 1. The mean takes a ``variance`` of it, or as much as ``row_sum``.
    """
    t = np.log(1 / tail)
    deviation = 2 * np.sqrt(size * square_sum * t)
    return size * variance - row_sum - deviation, (size - 1) * variance + deviation + 2 * row_sum * t


@pytest.mark.parametrize("r", first_of_each([0.8, 0.0]))
def test_batch_means_of_an_autoregression(r):
    """Of n s^2 / (b Var of means of b), both scatters are those of Gaussians of known covariance; r^k between
    draws, and with S = (1 - r^b) / (1 - r) for k >= 1 r^(1 + (k - 1) b) (S / b)^2 between means of b."""
    num_draws, num_chains = 2**14, 64
    value = 1e4 + ar1(fresh_key(), r, num_draws, num_chains)[..., None]
    result = run(batch_means(), markov(value))
    b, size = int(result.batch_size), num_draws * num_chains
    long_run = (1 + r) / (1 - r) - 2 * r * (1 - r**b) / (b * (1 - r) ** 2)  # b times a mean's variance
    next_one = r * ((1 - r**b) / (1 - r)) ** 2 / b  # b times the covariance of neighbours
    of_draws = scatter_bounds(size, 1, (1 + r) / (1 - r), (1 + r**2) / (1 - r**2), FALSE_ALARM / 6)
    sums = long_run + 2 * next_one / (1 - r**b), long_run**2 + 2 * next_one**2 / (1 - r ** (2 * b))
    of_means = scatter_bounds(num_chains * (num_draws // b), long_run, *sums, FALSE_ALARM / 6)
    dof = num_chains * (num_draws // b) - 1
    ratio = plain_ess(result)[0] * (size - 1) / size / dof
    assert of_draws[0] / of_means[1] < ratio < of_draws[1] / of_means[0]
    assert 0 < of_draws[1] / of_means[0] < 2 * of_draws[0] / of_means[1]  # the bounds are informative
    z = stats.norm.isf(FALSE_ALARM / 6)
    assert abs(result.mean[0] - 1e4) < z * np.sqrt((1 + r) / (1 - r) / size) + 1e4 * EPS


def test_chains_that_disagree_raise_the_error():
    """One chain of four is 10 sd off: s^2 and the variance of batch means are nearly that of the offset. Both
    scatters are chi-squareds, noncentral by 3/16 of 100 a draw, which batches of one chain do not include."""
    value = ar1(fresh_key(), 0.0, 1024, 4) + jnp.array([[0.0, 0.0, 0.0, 10.0]])
    result = run(batch_means(), markov(value))
    b = int(result.batch_size)
    assert 1024 % b == 0
    sizes, tails = np.array([[4096], [4096 // b]]), np.array([FALSE_ALARM / 4, 1 - FALSE_ALARM / 4])
    (low, high), (least, most) = stats.ncx2.ppf(tails, sizes - 1, 4096 * 100 * 3 / 16) / (sizes - 1)
    assert 4096 * low / most < plain_ess(result) < 4096 * high / least
    assert result.correlation == LARGEST_CORRELATION
    assert 4096 * high / least < 4096 / 10  # independent draws would count for all


def test_batches_of_two_autocorrelation_times_make_up_for_their_correlation():
    """At b = 64 and r = .95, b times the variance of means of b is 71 % of its limit, and neighbours have a
    correlation c of .20, whose correction of an AR(1) gives 105 %. The relative sd of m batches is
    sqrt(2 / m) from the variance and 2 / (1 - c^2) / sqrt(m) from the correlation: 2.6 / sqrt(m) together."""
    r, num_draws, num_chains = 0.95, 4000, 256
    result = run(batch_means(), markov(ar1(fresh_key(), r, num_draws, num_chains)))
    limit = (1 + r) / (1 - r) / (num_draws * num_chains)
    num_batches = num_chains * (num_draws // int(result.batch_size))
    assert abs(result.mcse**2 / limit - 1) < 0.06 + FALSE_ALARM_SDS * 2.6 / np.sqrt(num_batches)


def test_batch_means_in_few_draws_and_wrong_options():
    value = np.arange(3, dtype=np.float32)[:, None]
    result = run(batch_means(), markov(value))
    np.testing.assert_allclose(result.mean, 1.0)
    np.testing.assert_allclose(result.mcse, np.sqrt(1 / 3), rtol=4 * EPS)
    assert np.isnan(run(batch_means(), markov(value[:1])).mcse)
    with pytest.raises(ValueError, match="even"):
        batch_means(5)
