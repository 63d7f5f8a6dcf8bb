"""Test Kish's effective sample size of normal weights."""

import numpy as np
import pytest

from jgen.diagnostics import weights
from tests.helpers.marking import first_of_each
from tests.helpers.normal_weights import log_weights, weight_moment
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_key


@pytest.mark.parametrize("variance", first_of_each([2.0, 1.5, 4.0]))
@pytest.mark.usefixtures("x64")
def test_kish_ess_of_two_normals(variance):
    """ESS / n = sqrt(2 s^2 - 1) / s^2; its sd by the delta method on the first two moments of w."""
    size = 100_000
    _, log_weight = log_weights(fresh_key(), variance, (size,))
    m1, m2, m3, m4 = (weight_moment(variance, power) for power in (1, 2, 3, 4))
    covariance = np.array([[m2 - m1**2, m3 - m1 * m2], [m3 - m1 * m2, m4 - m2**2]])
    gradient = np.array([2 * m1 / m2, -((m1 / m2) ** 2)])
    error = np.sqrt(gradient @ covariance @ gradient / size)
    truth = np.sqrt(2 * variance - 1) / variance
    assert abs(weights.kish_ess(log_weight + 700) / size - truth) < FALSE_ALARM_SDS * error
