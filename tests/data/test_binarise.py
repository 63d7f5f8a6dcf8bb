"""Check that binarised values follow their grey values."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import binom

from jgen.data import binarise, threshold
from tests.helpers.false_alarms import FALSE_ALARM


def test_ones_have_the_probability_of_their_grey_value():
    n, grey = 1 << 14, jnp.array([0.0, 1 / 16, 0.5, 15 / 16, 1.0])
    drawn = binarise(jax.random.key(0), jnp.broadcast_to(grey, (n, 5)))
    assert set(np.unique(drawn)) == {0, 1}
    ones = np.asarray(drawn.sum(0))
    tail = np.minimum(binom.cdf(ones, n, grey), binom.sf(ones - 1, n, grey))
    assert (tail > FALSE_ALARM).all()
    assert ones[0] == 0
    assert ones[4] == n


def test_threshold_is_deterministic():
    np.testing.assert_array_equal(threshold(jnp.array([0, 7, 8, 9, 16]) / 16), [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(threshold(jnp.array([0.1, 0.3]), 0.2), [0, 1])
