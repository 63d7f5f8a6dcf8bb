"""Test that sums of a million float32 terms do not drift."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.sampling.reducers import log_evidence, moments
from tests.helpers.reducer_folds import markov, run, weighted

EPS = float(np.finfo(np.float32).eps)


@pytest.mark.slow
def test_a_million_float32_draws_do_not_drift():
    """Plain running sums are off by 1e-4 and more here; two-float ones by a rounding."""
    draw = jnp.arange(2**20, dtype=jnp.int32)
    value = 0.1 + jnp.where(draw % 4 == 0, 0.3, 0.0)[:, None]  # [draw, chain]
    draws = weighted({"a": value, "b": 1e4 + value}, jnp.log(value))
    exact = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), draws)
    plain = run(moments(), markov(draws.value))
    for name, value in exact.value.items():
        np.testing.assert_allclose(plain.mean[name], value.mean(), rtol=4 * EPS)
        # each square is right to 4 EPS of itself, and to EPS of the mean against the deviation
        rtol = 16 * EPS + (name == "b") * 1e-3
        np.testing.assert_allclose(plain.variance[name], value.var(ddof=1), rtol=rtol)
    weight = np.exp(exact.log_weight)
    mean = (weight * exact.value["a"]).sum() / weight.sum()
    np.testing.assert_allclose(run(moments(), draws).mean["a"], mean, rtol=16 * EPS)
    evidence = run(log_evidence(), draws)
    np.testing.assert_allclose(evidence.value, np.log(weight.mean()), rtol=16 * EPS)
    error = weight.std() / weight.mean() / 2**10
    np.testing.assert_allclose(evidence.standard_error, error, rtol=64 * EPS)
