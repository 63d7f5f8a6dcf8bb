"""Test self-normalised means and their errors."""

import jax
import numpy as np
import pytest

from jgen.diagnostics import weights
from tests.helpers.normal_weights import log_weights, weight_moment
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_key


@pytest.mark.usefixtures("x64")
def test_self_normalised_mean_covers_the_truth():
    """E z^2 = 1; its error over the runs is the reported one (asymptotically, sd E_q w^2 (z^2 - 1)^2)."""
    num_runs, size, variance = 1000, 1000, 2.0
    z, log_weight = log_weights(fresh_key(), variance, (num_runs, size))
    mean, error = jax.vmap(weights.self_normalised_mean)(z**2, log_weight + 50)
    sd = np.sqrt(size * np.var(np.asarray(mean)))
    # w^2 q is proportional to N(0, v), v = 1 / (2 - 1/s^2), and E (z^2 - 1)^2 = 3 v^2 - 2 v + 1 there
    v = 1 / (2 - 1 / variance)
    truth = np.sqrt(weight_moment(variance, 2) * (3 * v**2 - 2 * v + 1))
    slack = FALSE_ALARM_SDS * np.sqrt(1 / (2 * num_runs)) + 10 / size  # bias and kurtosis are O(1 / n)
    assert abs(sd / truth - 1) < slack
    assert abs(np.sqrt(size) * np.mean(error) / truth - 1) < slack
    assert abs(np.mean(mean) - 1) < FALSE_ALARM_SDS * truth / np.sqrt(size * num_runs) + 2 / size


def test_self_normalised_mean_of_vectors_skips_zero_weights():
    value = np.array([[1.0, 2.0], [3.0, 6.0], [np.nan, np.inf]])
    mean, error = weights.self_normalised_mean(value, np.array([-7.0, -7.0, -np.inf]))
    np.testing.assert_allclose(mean, [2.0, 4.0])
    np.testing.assert_allclose(error, np.sqrt([0.5, 2.0]), rtol=1e-6)  # sqrt(sum w^2 (x - mean)^2), w = 1/2
    assert np.isnan(weights.self_normalised_mean(value, np.full(3, -np.inf))[0]).all()
    with pytest.raises(ValueError, match="Flatten"):
        weights.self_normalised_mean(value[None], np.zeros((1, 3)))
