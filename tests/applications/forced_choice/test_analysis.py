"""The analysis of answers that are known: exclusions, counts, agreement, sizes."""

from importlib import import_module

import numpy as np
import pytest

from jgen.applications.forced_choice import Answer, analyse_answers, size_table
from jgen.applications.forced_choice.analysis import intraclass_correlation
from jgen.evaluation import win_rate


def answers_of(rater, preferred, passed=(True,) * 5, sources=("real", "model")):
    """Return answers about pairs 0, 1, ...: whether the first was preferred, and the attention checks."""
    pairs = [Answer(rater, i, False, *sources, first, 800) for i, first in enumerate(preferred)]
    checks = [
        Answer(rater, 1000 + i, True, "real", "shuffled pixels", ok, 800) for i, ok in enumerate(passed)
    ]
    return pairs + checks


def check_analysis(module):
    """Analyse raters whose answers are known; the third fails two of five checks, the fourth one."""
    answers = [
        *answers_of("ada", [True] * 12 + [False] * 8),
        *answers_of("bob", [True] * 10 + [False] * 10),
        *answers_of("eve", [False] * 20, passed=[True, False, True, False, True]),
        *answers_of("dan", [True] * 15 + [False] * 5, passed=[True, True, True, True, False]),
    ]
    analysis = module.analyse_answers(answers, ["real", "model"])
    assert [one.name for one in analysis.raters.values() if one.is_excluded] == ["eve"]
    assert "rater eve is excluded: 3 of 5 attention checks passed" in analysis.notes
    assert analysis.raters["eve"][:4] == ("eve", 20, 5, 3)
    result = analysis.win_rates["model", "real"]
    assert result[:4] == win_rate(wins=8 + 10 + 5, losses=12 + 10 + 15)[:4]
    np.testing.assert_allclose(analysis.abilities["model"].value, np.log(23 / 37))
    # items 0-9: all three agree; 10, 11: one of three differs; 12-14 too; 15-19: all agree
    n, ones = 60, 37
    disagreement, expected = 5 * (2 * 2 * 1) / 2, 2 * ones * (n - ones)
    np.testing.assert_allclose(analysis.agreement.value, 1 - (n - 1) * disagreement / expected)


def test_analysis():
    check_analysis(import_module("jgen.applications.forced_choice.analysis"))


def test_guessing_through_the_checks_has_its_probability():
    """Four of five checks or more: 6 / 32."""
    analysis = analyse_answers(answers_of("ada", [True]), ["real", "model"])
    assert any("passes that many of 5 with probability 0.188" in note for note in analysis.notes)


def test_raters_who_differ_are_flagged():
    answers = [*answers_of("ada", [True] * 40), *answers_of("bob", [True, False] * 20)]
    assert "raters differ" in analyse_answers(answers, ["real", "model"]).win_rates["model", "real"].flags[0]
    alike = [*answers_of("ada", [True, False] * 20), *answers_of("bob", [False, True] * 20)]
    assert analyse_answers(alike, ["real", "model"]).win_rates["model", "real"].flags == ()


def test_correlation_of_the_answers_of_a_rater(rng):
    """It is 0 or near it for equal raters, and that of the beta distribution that rates are drawn from.

    For rates from Beta(2, 2) it is 1 / (2 + 2 + 1). Of 3,000 raters its error is below 0.01.
    """
    rates = rng.beta(2, 2, size=3000)
    wins = rng.binomial(20, rates)
    np.testing.assert_allclose(intraclass_correlation(np.stack([20 - wins, wins], 1)), 0.2, atol=0.05)
    equal = rng.binomial(20, 0.3, size=3000)
    assert intraclass_correlation(np.stack([20 - equal, equal], 1)) < 0.01
    uneven = np.array([[3, 1], [0, 4], [5, 1]])
    between, within, size = (53 / 12 - 18 / 7) / 2, (6 - 53 / 12) / 11, (14 - 34 / 7) / 2
    expected = (between - within) / (between + (size - 1) * within)
    np.testing.assert_allclose(intraclass_correlation(uneven), expected)
    assert intraclass_correlation(np.array([[1, 2]])) == 0


def test_several_models():
    answers = [
        *answers_of("ada", [True] * 7 + [False] * 3, sources=("real", "a")),
        *answers_of("ada", [True] * 6 + [False] * 4, (), sources=("real", "b")),
        *answers_of("ada", [True] * 2 + [False] * 8, (), sources=("a", "b")),
    ]
    analysis = analyse_answers(answers, ["real", "a", "b"])
    assert [float(one.value) for one in analysis.win_rates.values()] == [0.3, 0.4, 0.8]
    assert list(analysis.abilities) == ["real", "a", "b"]
    assert analysis.agreement is None
    assert any("no item of" in note for note in analysis.notes)


def test_few_or_no_answers_are_told_in_words():
    assert analyse_answers([], ["real", "model"]).notes == ("there is no answer to analyse",)
    analysis = analyse_answers(answers_of("ada", [True], sources=("real", "a")), ["real", "a", "b"])
    assert analysis.abilities == {}
    assert any("no chain of comparisons leads from real to b" in note for note in analysis.notes)
    unchecked = analyse_answers(answers_of("ada", [True], ()), ["real", "model"])
    assert "no attention check was answered yet by ada" in unchecked.notes
    assert not unchecked.raters["ada"].is_excluded


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_rule_can_be_changed(share):
    answers = answers_of("ada", [True], [True] * 4 + [False])
    analysis = analyse_answers(answers, ["real", "model"], share_of_checks=share)
    assert analysis.raters["ada"].is_excluded == (share == 1)


def test_sizes_shrink_with_the_difference():
    rows = size_table(40)
    needed = [row["answers, 0.8"] for row in rows]
    assert needed == sorted(needed, reverse=True)
    assert all(row["raters, 0.95"] == -(-row["answers, 0.95"] // 40) for row in rows)
