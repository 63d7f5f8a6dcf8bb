"""Check the quantile of the largest mean that the exercise reports."""

import numpy as np

from experiments.exercise import largest_mean
from tests.helpers.random_keys import fresh_rng


def test_the_largest_of_several_means_is_below_its_quantile_with_its_probability():
    """Of 4,000 sets of means; 5 standard errors are a false-alarm rate of 6e-7."""
    np.testing.assert_allclose(largest_mean(1, 100), 1.959964 / 10, rtol=1e-6)
    means = fresh_rng().normal(size=(4000, 8)) / 1000**0.5
    share = (abs(means).max(1) < largest_mean(8, 1000)).mean()
    assert abs(share - 0.95) < 5 * (0.95 * 0.05 / 4000) ** 0.5
