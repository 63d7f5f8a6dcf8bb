"""Sizes of studies against sums of exact binomial probabilities."""

from fractions import Fraction
from importlib import import_module
from math import comb

import numpy as np
import pytest

from jgen.evaluation import answers_needed
from jgen.evaluation.answers_needed import power_of_test


def exact_power(n, rate, level=Fraction(1, 20)):
    """Sum exact probabilities of all counts whose smaller tail is level / 2 at most."""
    tails = [sum(comb(n, j) for j in range(k, n + 1)) for k in range(n + 1)]
    rejects = [min(tails[k], tails[n - k]) <= level / 2 * 2**n for k in range(n + 1)]
    return sum(comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(n + 1) if rejects[k])


def check_power(module):
    """Compare the power at 1 to 40 answers, and the size for a rate of 0.8, with exact sums."""
    rate = Fraction(4, 5)
    expected = [float(exact_power(n, rate)) for n in range(1, 61)]
    np.testing.assert_allclose(module.power_of_test(np.arange(1, 61), 0.8), expected, rtol=1e-9)
    last = max(n for n in range(1, 61) if expected[n - 1] < 0.8)
    needed = module.answers_needed(rate=0.8)
    assert needed.answers == last + 1 == 23
    np.testing.assert_allclose(needed.power, expected[last])


def test_power():
    module = import_module("jgen.evaluation.answers_needed")
    check_power(module)


@pytest.mark.parametrize(("rate", "power"), [(0.55, 0.8), (0.35, 0.95), (1.0, 0.9), (0.7, 0.5)])
def test_it_is_the_least_size_from_which_on_the_power_stays(rate, power):
    needed = answers_needed(rate=rate, power=power).answers
    sizes = np.arange(1, 3 * needed + 50)
    reached = power_of_test(sizes, rate)
    assert (reached[needed - 1 :] >= power).all()
    assert reached[needed - 2] < power


def test_level_is_held():
    """At a rate of 1/2 the test rejects in 5 % of cases at most."""
    assert (power_of_test(np.arange(1, 400), 0.5) <= 0.05).all()


def test_raters_and_their_correlation():
    needed = answers_needed(rate=0.6, answers_per_rater=40)
    assert needed.raters == -(-needed.answers // 40)
    alike = answers_needed(rate=0.6, answers_per_rater=40, correlation=1.0)
    assert alike.raters == needed.answers  # forty answers of a rater count as one
    assert answers_needed(rate=0.6).raters == needed.answers


def test_mirrored_rates_need_the_same():
    assert answers_needed(rate=0.3).answers == answers_needed(rate=0.7).answers


@pytest.mark.parametrize(
    "options",
    [
        *({"rate": rate} for rate in (0.5, 1.2, -0.1, float("nan"))),
        *({"rate": 0.6, "power": power} for power in (0.01, 1.0)),
        {"rate": 0.6, "level": 0.0},
        {"rate": 0.6, "correlation": 2.0},
        {"rate": 0.6, "answers_per_rater": 0},
    ],
)
def test_others_are_refused(options):
    with pytest.raises(ValueError, match="must be"):
        answers_needed(**options)
