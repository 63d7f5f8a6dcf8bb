"""Win rates against SciPy's Wilson interval, a numerical likelihood for ties, and exact coverage."""

from importlib import import_module

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar

from jgen.evaluation import win_rate, win_rate_metric
from jgen.types import NORMAL_95


def check_win_rate(module):
    """Compare with Wilson's closed form, and with the likelihood of ties maximised numerically."""
    for wins, losses in [(0, 1), (1, 1), (3, 4), (40, 60), (199, 1), (50, 0)]:
        n = wins + losses
        result = module.win_rate(wins=wins, losses=losses)
        p, z2 = wins / n, NORMAL_95**2
        half = np.sqrt(z2 * p * (1 - p) / n + z2**2 / (4 * n**2))
        middle = p + z2 / (2 * n)
        expected = np.array([p, *((middle + sign * half) / (1 + z2 / n) for sign in (-1, 1))])
        np.testing.assert_allclose(result[:3], expected, rtol=1e-9, atol=1e-12)
    for counts in [(12, 7, 6), (0, 5, 5), (1, 0, 9)]:
        result = module.win_rate(wins=counts[0], losses=counts[1], ties=counts[2])
        np.testing.assert_allclose(result.value, (counts[0] + counts[2] / 2) / sum(counts))
        for end in (result.low, result.high):
            distance = abs(result.value - end) / np.sqrt(variance_of_rate(float(end), *counts))
            np.testing.assert_allclose(distance, NORMAL_95, rtol=1e-4)


def variance_of_rate(rate, wins, losses, ties):
    """Return the variance of the win rate, with the probability of a tie most likely at this rate."""

    def minus_log_likelihood(tie):
        probabilities = rate - tie / 2, 1 - rate - tie / 2, tie
        return -sum(k * np.log(max(p, 1e-300)) for k, p in zip((wins, losses, ties), probabilities) if k)  # noqa: B905

    most = 2 * min(rate, 1 - rate)
    found = minimize_scalar(minus_log_likelihood, bounds=(0, most), options={"xatol": 1e-12})
    return (rate * (1 - rate) - found.x / 4) / (wins + losses + ties)


def test_values_and_ends():
    module = import_module("jgen.evaluation.win_rate")
    check_win_rate(module)


@pytest.mark.parametrize(("wins", "n"), [(0, 3), (17, 40), (1, 10**7)])
def test_without_ties_it_is_wilsons_interval(wins, n):
    expected = stats.binomtest(wins, n).proportion_ci(0.95, method="wilson")
    result = win_rate(wins=wins, losses=n - wins)
    np.testing.assert_allclose([result.low, result.high], [expected.low, expected.high], 1e-6, 1e-15)


def test_exchanging_the_players_mirrors_the_result():
    one, other = win_rate(wins=13, losses=4, ties=3), win_rate(wins=4, losses=13, ties=3)
    np.testing.assert_allclose([one.value, one.low, one.high], 1 - np.array([other[0], other[2], other[1]]))


def test_all_ties_have_an_interval():
    """At delta = z^2 / (n + z^2) the score is z: the likelihood then has losses of probability 0."""
    result = win_rate(wins=0, losses=0, ties=10)
    half = NORMAL_95**2 / 2 / (10 + NORMAL_95**2)
    np.testing.assert_allclose(result[:3], [0.5, 0.5 - half, 0.5 + half])
    assert result.null[:3] == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(("n", "rate", "tie"), [(100, 0.5, 0), (100, 0.6, 0), (60, 0.9, 0), (40, 0.5, 0.4)])
def test_exact_coverage(n, rate, tie):
    """Enumerate all outcomes: Wilson's interval covers near its level, not above it where there are ties."""
    p = rate - tie / 2, 1 - rate - tie / 2, tie
    total = 0.0
    for ties in range(n + 1 if tie else 1):
        for wins in range(n - ties + 1):
            counts = wins, n - wins - ties, ties
            result = win_rate(wins=counts[0], losses=counts[1], ties=counts[2])
            if result.low <= rate <= result.high:
                total += stats.multinomial.pmf(counts, n, p)
    assert 0.93 < total < 0.97


def test_null_is_the_range_of_a_fair_coin():
    null = win_rate(wins=10, losses=80, ties=10).null
    inside = stats.binom.cdf(null.high * 100 - 5, 90, 0.5) - stats.binom.cdf(null.low * 100 - 6, 90, 0.5)
    assert 0.95 <= inside < 0.97
    assert null.value == 0.5


def test_states_merge_and_ceiling():
    metric = win_rate_metric()
    state = metric.empty()
    for wins, losses in [(3, 4), (0, 2), (5, 0)]:
        state = metric.merge(state, metric.accumulate(metric.empty(), wins=wins, losses=losses))
    assert metric.compute(state)[:5] == win_rate(wins=8, losses=6)[:5]
    assert metric.compute(state).ceiling == 1


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"wins": 0, "losses": 0}, "there is no answer"),
        ({"wins": -1, "losses": 3}, "wins must be a count"),
        ({"wins": 1, "losses": 0.5}, "losses must be a count"),
        ({"wins": float("nan"), "losses": 1}, "wins must be a count"),
        ({"wins": float("inf"), "losses": 1}, "finite"),
        ({"wins": [1, 2], "losses": 1}, "wins must be a count"),
    ],
)
def test_other_counts_are_refused(counts, words):
    with pytest.raises(ValueError, match=words):
        win_rate(**counts)
