"""Check the bias and the null_variance of the Frechet distance between samples of one Gaussian."""

import numpy as np
import pytest

from jgen.evaluation.frechet_null import bias, null_variance, null_variance_of_rows
from jgen.evaluation.gaussian_transport import distance, gaussian_of
from tests.helpers.false_alarms import z_of


@pytest.mark.parametrize(
    ("eigenvalues", "n", "value"),
    [(np.ones(64), 1000, 2.2101), (np.ones(128), 2000, 4.2581), (1 / np.arange(1, 65), 5000, 0.0192)],
    ids=["identity 64", "identity 128", "harmonic"],
)
def test_known_values(eigenvalues, n, value):
    assert abs(bias(eigenvalues, n, n) - value) < 5.1e-5


@pytest.mark.parametrize("power", [0, 1])
def test_simulated_samples_have_the_bias_and_the_spread(power, rng):
    """In six dimensions, 300 and 200 rows; what is of second order is a part of 6 / 200 of both."""
    eigenvalues = np.arange(1.0, 7) ** -power
    readings = []
    for _ in range(400):
        x, y = (rng.normal(size=(n, 6)) * np.sqrt(eigenvalues) for n in (300, 200))
        readings.append(distance(gaussian_of(x), gaussian_of(y)))
    sd = np.sqrt(null_variance(eigenvalues)) * (1 / 300 + 1 / 200)
    exact = bias(eigenvalues, 300, 200)
    assert abs(np.mean(readings) - exact) < z_of(2) * sd / 20 + 0.03 * exact
    # A weighted chi-square of some ten degrees of freedom has a kurtosis below 6.
    assert abs(np.std(readings) / sd - 1) < z_of(2) * np.sqrt(5 / 4 / 400) + 0.03


def test_directions_without_variance_add_nothing():
    assert bias(np.array([1.0, 0.0]), 10, 10) == bias(np.ones(1), 10, 10)
    assert null_variance(np.zeros(3)) == bias(np.zeros(3), 10, 10) == 0


def test_pairs_of_rows_have_the_spread_of_their_distribution(rng):
    """That of Gaussian rows, and of simulated sets of exponentials, whose variance is larger."""
    eigenvalues = np.array([2.0, 1.0, 0.5])
    found = [
        null_variance_of_rows(rng.normal(size=(200, 3)) * eigenvalues**0.5, eigenvalues, np.eye(3))
        for _ in range(20)
    ]
    assert abs(np.mean(found) / null_variance(eigenvalues) - 1) < z_of(2) * np.std(
        found
    ) / 20**0.5 / null_variance(eigenvalues)
    rows = rng.exponential(size=(20, 200, 3)) - 1
    of_pairs = np.mean([null_variance_of_rows(one, np.ones(3), np.eye(3)) for one in rows])
    sets = rng.exponential(size=(300, 2, 400, 3))
    simulated = np.var([distance(gaussian_of(x), gaussian_of(y)) for x, y in sets]) * 200**2
    assert 0.5 < simulated / of_pairs < 1.5
    assert of_pairs > 2 * null_variance(np.ones(3))
