"""Test the value and the weight of populations."""

import numpy as np
import pytest

from jgen.diagnostics import weights


def test_a_population_is_one_weighted_draw():
    """Particles of weight zero do not count, even if they are NaN; without any weight the mean is NaN."""
    value = np.array([[1.0, 3.0, np.nan], [1.0, 1.0, 1.0]], np.float32)
    log_weight = np.array([[0.0, np.log(3.0), -np.inf], [-np.inf] * 3], np.float32)
    np.testing.assert_allclose(weights.population_mean(value, log_weight), [2.5, np.nan], rtol=1e-6)
    np.testing.assert_allclose(weights.population_log_weight(log_weight), [np.log(4 / 3), -np.inf], rtol=1e-6)
    with pytest.raises(ValueError, match="takes particles"):
        weights.population_mean(value[:, :2], log_weight)
