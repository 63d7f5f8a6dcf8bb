"""Abilities against logits, Hunter's MM algorithm and the delta method; players that do not compare."""

from importlib import import_module

import numpy as np
import pytest

from jgen.evaluation import bradley_terry

WINS = np.array([[0, 30, 28, 9], [10, 0, 22, 31], [12, 18, 0, 5], [3, 20, 8, 0]])
TIES = np.array([[0, 4, 0, 0], [4, 0, 2, 0], [0, 2, 0, 7], [0, 0, 7, 0]])


def values_of(results):
    return np.array([float(result.value) for result in results.values()])


def by_mm(wins, ties):
    """Hunter's algorithm: strength = wins / sum of comparisons over sums of strengths."""
    won, strength = wins + ties / 2, np.ones(len(wins))
    compared = won + won.T
    for _ in range(5000):
        strength = won.sum(1) / (compared / (strength[:, None] + strength)).sum(1)
        strength /= strength[0]
    return np.log(strength)


def check_abilities(module):
    """Compare two players with a logit, four with another algorithm, and extreme ones by their equations."""
    (_, two) = values_of(module.bradley_terry(wins=[[0, 60], [30, 0]], ties=[[0, 10], [10, 0]]))
    np.testing.assert_allclose(two, np.log(35 / 65), rtol=1e-9)
    found = values_of(module.bradley_terry(wins=WINS, ties=TIES))
    np.testing.assert_allclose(found, by_mm(WINS, TIES), atol=1e-8)
    extreme = np.where(WINS > 0, WINS ** np.triu(np.full((4, 4), 6)), 0)  # up to 30^6 wins against 3
    theta = values_of(module.bradley_terry(wins=extreme))
    rate = 1 / (1 + np.exp(theta - theta[:, None]))
    np.testing.assert_allclose(((extreme + extreme.T) * rate).sum(1), extreme.sum(1), rtol=1e-7)


def check_ends(module):
    """Compare the interval of many answers with that of the delta method; 5 s.e. of its bootstrap ends.

    The ends of 4,000 resamples have a standard error of 0.043 standard deviations; and the delta method is
    wrong by terms of order 1 / n.
    """
    result = module.bradley_terry(wins=[[0, 6000], [4000, 0]], num_resamples=4000)["1"]
    error = np.sqrt(1 / 6000 + 1 / 4000)
    expected = result.value + np.array([-1.96, 1.96]) * error
    np.testing.assert_allclose([result.low, result.high], expected, atol=0.25 * error)
    np.testing.assert_allclose([result.null.low, result.null.high], [-0.0392, 0.0392], atol=0.25 * 0.02)


def check_infinite(module):
    """Check that infinite resamples count as infinite, and what is flagged."""
    few = module.bradley_terry(wins=[[0, 5], [1, 0]])["1"]  # without its win in (5/6)^6 = 1/3 of resamples
    assert few.low == -np.inf
    assert np.isfinite(few.high)
    assert "an end is infinite" in few.flags[0]
    never = module.bradley_terry(wins=[[0, 5, 2], [0, 0, 0], [1, 0, 0]])
    assert [float(one.value) for one in never.values()][:2] == [0, -np.inf]
    np.testing.assert_allclose(never["2"].value, np.log(1 / 2), rtol=1e-9)
    assert "1 never won along a chain that leads to 0" in never["1"].flags[0]
    assert (never["1"].low, never["1"].high) == (-np.inf, np.inf)
    above = module.bradley_terry(wins=[[0, 0], [3, 0]], names=["real", "model"])["model"]
    assert above.value == np.inf
    assert "model never lost along a chain that leads to real" in above.flags[0]
    apart = module.bradley_terry(wins=[[0, 0, 0], [0, 0, 0], [4, 4, 0]])["1"]  # both lost to a third only
    assert np.isnan(apart.value)
    assert "do not compare" in apart.flags[0]


@pytest.mark.parametrize("check", [check_abilities, check_ends, check_infinite])
def test_abilities(check):
    module = import_module("jgen.evaluation.bradley_terry")
    check(module)


def test_order_of_players_does_not_matter():
    order = np.array([0, 3, 1, 2])
    found = values_of(bradley_terry(wins=WINS[np.ix_(order, order)], ties=TIES[np.ix_(order, order)]))
    np.testing.assert_allclose(found, values_of(bradley_terry(wins=WINS, ties=TIES))[order], atol=1e-9)


def test_the_reference_is_exact_and_sizes_are_told():
    result = bradley_terry(wins=WINS, ties=TIES, names="abcd")
    assert result["a"][:3] == (0, 0, 0)
    assert [one.n for one in result.values()] == list((WINS + WINS.T + TIES).sum(1))
    assert result["c"].protocol["reference"] == "a"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"wins": [[0, 1, 0], [1, 0, 0], [0, 0, 0]]}, "no chain of comparisons leads from 0 to 2"),
        ({"wins": [[0]]}, "of two or more"),
        ({"wins": [[0, 1], [0.5, 0]]}, "whole numbers"),
        ({"wins": [[0, -1], [1, 0]]}, "whole numbers"),
        ({"wins": [[0, np.nan], [1, 0]]}, "whole numbers"),
        ({"wins": [[1, 1], [1, 0]]}, "against itself"),
        ({"wins": [[0, 1], [1, 0]], "ties": [[0, 1], [0, 0]]}, "ties must be symmetric"),
        ({"wins": [[0, 1], [1, 0]], "names": ["a", "a"]}, "2 different names"),
        ({"wins": [[0, 1], [1, 0]], "num_resamples": 10}, "100 or more"),
    ],
)
def test_others_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        bradley_terry(**options)
