"""Energy distance against closed forms between Gaussians, SciPy on a line, and simulation."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from jgen.evaluation import energy_distance
from jgen.evaluation.energy_distance import recipe
from tests.helpers.false_alarms import z_of
from tests.helpers.gaussian_distances import energy

KNOWN = [((1.0, 1, 1, 1), 0.54180658), ((1.0, 1, 1, 10), 0.21586288)]


@pytest.mark.parametrize(("arguments", "value"), KNOWN)
def test_closed_form_reads_the_known_values(arguments, value):
    np.testing.assert_allclose(energy(*arguments), value, atol=5e-9)


def test_closed_form_is_that_of_distribution_functions():
    """On a line it is twice the integral of (F - G)^2."""
    integral = quad(lambda x: (stats.norm.cdf(x) - stats.norm.cdf(x, 1)) ** 2, -12, 13, epsabs=1e-12)[0]
    np.testing.assert_allclose(2 * integral, KNOWN[0][1], atol=5e-9)


def test_truth_of_the_recipe_is_the_closed_form():
    for shift in (0.0, 0.5, 2.0):
        np.testing.assert_allclose(recipe().truth(shift), energy(2 * shift, 1, 1, 4), atol=1e-12)


def check_scipy(metric_of):
    """SciPy returns the root, and counts pairs of a row with itself: mean distances within, over n."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=40), rng.exponential(size=30)
    within = [np.abs(np.subtract.outer(one, one)).sum() / (one.size * (one.size - 1)) for one in (x, y)]
    expected = stats.energy_distance(x, y) ** 2 - within[0] / 40 - within[1] / 30
    found = metric_of(real=x[:, None], generated=y[:, None], num_permutations=9)[0]
    np.testing.assert_allclose(found.value, expected, rtol=1e-10)


def test_value_on_a_line_is_scipys_without_its_bias():
    check_scipy(energy_distance)


def test_estimate_is_unbiased(rng):
    for (distance, s1, s2, dim), value in KNOWN:
        shift = np.eye(dim)[0] * distance
        found = [
            float(
                energy_distance(
                    real=s1 * rng.normal(size=(40, dim)),
                    generated=s2 * rng.normal(size=(25, dim)) + shift,
                    num_permutations=1,
                ).distance.value
            )
            for _ in range(80)
        ]
        assert abs(np.mean(found) - value) < z_of(2) * np.std(found, ddof=1) / len(found) ** 0.5


def test_null_p_value_and_refusals(rng):
    far = energy_distance(real=rng.normal(size=(50, 2)), generated=rng.normal(size=(40, 2)) + 2)
    assert far.distance.flags == ()
    assert far.p_value.value == 1 / 200
    assert far.distance.null.value == 0
    with pytest.raises(ValueError, match="nothing to compare"):
        energy_distance(real=np.ones((9, 2)), generated=np.ones((9, 2)))
    with pytest.raises(ValueError, match="4 rows"):
        energy_distance(real=np.ones((9, 2)), generated=np.ones((3, 2)))
    with pytest.raises(ValueError, match="1 or more"):
        energy_distance(real=np.ones((9, 2)), generated=np.ones((9, 2)), num_permutations=0)
