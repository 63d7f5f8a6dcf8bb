"""Test normal scores in float32."""

import jax.numpy as jnp
import numpy as np

from jgen.diagnostics.chain_statistics import rank_normalise

FALSE_ALARM_SDS = 4.9  # two-sided, 1e-6


def test_scores_are_antisymmetric_in_float32():
    """The largest scores would lose digits, or be infinite, from probabilities near one."""
    draws = np.random.default_rng(3).normal(size=100_000).astype(np.float32)
    np.testing.assert_array_equal(rank_normalise(jnp.asarray(-draws)), -rank_normalise(jnp.asarray(draws)))
