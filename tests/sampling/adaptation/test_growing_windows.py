"""Test the schedule of windows, and moments of all chains."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.sampling.adaptation.growing_windows import add_batch, empty_moments, schedule


def test_moments_are_those_of_all_draws():
    draws = np.random.default_rng(0).normal(3.0, 2.0, (5, 7, 3)).astype(np.float32)  # [draw, chain, dim]
    for factor in (jnp.ones(3), jnp.eye(3)):
        moments = empty_moments(factor)
        for step in draws:
            moments = add_batch(moments, jnp.asarray(step))
        covariance = np.cov(draws.reshape(-1, 3).T.astype(np.float64))
        truth = covariance if factor.ndim == 2 else np.diag(covariance)
        np.testing.assert_allclose(moments.scatter / (moments.num_rows - 1), truth, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("num_warmup", [1, 7, 20, 100, 150, 300, 1000, 4000])
def test_windows_cover_the_slow_phase(num_warmup):
    """Windows double, the last is the longest, the final step of warm-up is in none of them."""
    index = jnp.arange(num_warmup)
    is_slow, ends = jax.vmap(schedule, (0, None))(index, jnp.int32(num_warmup))
    is_slow, ends = np.asarray(is_slow), np.flatnonzero(ends)
    if num_warmup < 100:
        assert not is_slow.any()
        assert not ends.size
        return
    begin, end = 15 * num_warmup // 100, num_warmup - max(num_warmup // 10, 50)
    assert np.flatnonzero(is_slow).tolist() == list(range(begin, end))
    assert ends[-1] == end - 1
    lengths = np.diff([begin - 1, *ends])
    assert lengths.sum() == end - begin
    expected = [25 * 2**k for k in range(len(lengths) - 1)]
    assert lengths[:-1].tolist() == expected
    assert len(lengths) == 1 or lengths[-1] >= 2 * lengths[-2] or lengths[-1] >= 25 * 2 ** (len(lengths) - 1)
