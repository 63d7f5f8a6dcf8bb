"""Krippendorff's alpha against published values, kappa, and a count of pairs."""

from importlib import import_module
from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from jgen.evaluation import rater_agreement
from tests.helpers.false_alarms import z_of

NAN = np.nan
PUBLISHED = np.transpose(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
)
"""Krippendorff's example of four observers and twelve units: 0.743 for nominal data."""


def by_pairs(table):
    """Compute alpha from all ordered pairs of answers about an item, and of all answers."""
    items = [row[~np.isnan(row)] for row in table]
    items = [row for row in items if len(row) > 1]
    observed = sum(sum(a != b for a, b in permutations(row, 2)) / (len(row) - 1) for row in items)
    pooled = np.concatenate(items)
    expected = sum(a != b for a, b in permutations(pooled, 2)) / (len(pooled) - 1)
    return 1 - observed / expected


def check_alpha(module, rng):
    """Compare with the published value, and with a count of pairs for answers with gaps."""
    np.testing.assert_allclose(module.rater_agreement(answers=PUBLISHED).value, 0.743, atol=5e-4)
    answers = np.where(rng.random((15, 4)) < 0.3, NAN, rng.integers(3, size=(15, 4)))
    result = module.rater_agreement(answers=answers)
    np.testing.assert_allclose(result.value, by_pairs(answers))
    error = jackknife_error(answers)
    np.testing.assert_allclose(result.standard_error, error, rtol=1e-9)


def jackknife_error(answers):
    used = answers[(~np.isnan(answers)).sum(1) > 1]
    left_out = np.array([by_pairs(np.delete(used, i, 0)) for i in range(len(used))])
    return np.sqrt((len(used) - 1) * left_out.var())


def test_alpha(rng):
    module = import_module("jgen.evaluation.rater_agreement")
    check_alpha(module, rng)


def test_two_raters_have_cohens_kappa_but_for_the_size():
    """With equal margins Cohen's kappa is Scott's pi, and alpha = pi + (1 - pi) / 2N."""
    first, second = [1, 1, 1, 1, 0, 0, 0, 0, 1, 0], [1, 1, 1, 1, 0, 0, 0, 0, 0, 1]
    kappa = cohen_kappa_score(first, second)
    np.testing.assert_allclose(kappa, 0.6)
    found = rater_agreement(answers=np.transpose([first, second])).value
    np.testing.assert_allclose(found, kappa + (1 - kappa) / 20)


def test_many_raters_have_fleisss_kappa_but_for_the_size():
    """Fleiss' example of 10 subjects, 14 raters and 5 categories has kappa 0.210."""
    table = """0 0 0 0 14, 0 2 6 4 2, 0 0 3 5 6, 0 3 9 2 0, 2 2 8 1 1,
        7 7 0 0 0, 3 2 6 3 0, 2 5 3 2 2, 6 5 2 1 0, 0 2 2 3 7"""
    counts = np.array([row.split() for row in table.split(",")], int)
    answers = np.array([np.repeat(np.arange(5), row) for row in counts])
    alpha, size = float(rater_agreement(answers=answers).value), answers.size
    kappa = 1 - (1 - alpha) * size / (size - 1)
    np.testing.assert_allclose(kappa, 0.2099, atol=1e-4)


def test_chance_has_no_agreement_and_the_null_says_so(rng):
    """Permuted answers of two raters: E alpha is 1 / (2N - 1) of ties in the margins, below 0.01 here."""
    answers = rng.integers(2, size=(400, 2))
    result = rater_agreement(answers=answers)
    assert abs(result.value) < z_of(1) * np.sqrt(1 / 400) + 0.01
    assert result.null.low < 0 < result.null.high
    np.testing.assert_allclose(result.null.high - result.null.low, 2 * 1.96 / 20, rtol=0.35)


def test_order_and_names_of_labels_do_not_matter(rng):
    value = rater_agreement(answers=PUBLISHED).value
    mixed = rng.permutation(rng.permutation(PUBLISHED, axis=0), axis=1)
    np.testing.assert_allclose(rater_agreement(answers=7 - mixed).value, value)
    wider = np.pad(PUBLISHED, ((0, 3), (0, 1)), constant_values=NAN)
    np.testing.assert_allclose(rater_agreement(answers=wider).value, value)


def test_perfect_agreement_has_no_interval():
    result = rater_agreement(answers=[[0, 0], [1, 1], [1, 1]])
    assert result.value == 1
    assert np.isnan(result.low)
    assert "raters agree on all 3 items" in result.flags[0]


def test_constant_answers_have_no_value():
    result = rater_agreement(answers=np.ones((5, 3)))
    assert np.isnan(result.value)
    assert "all answers are 1" in result.flags[0]


def test_one_differing_item_is_flagged():
    """Without it all answers are the same, so the jackknife has no value."""
    result = rater_agreement(answers=[[0, 0], [0, 0], [0, 1]])
    assert np.isnan(result.low)
    assert result.flags


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([1, 2], "got shape"),
        ([[1, NAN], [NAN, 0]], "no item of 2 has answers of two raters"),
        (np.zeros((0, 3)), "no item of 0"),
        ([[1, np.inf]], "infinite"),
    ],
)
def test_others_are_refused(answers, words):
    with pytest.raises(ValueError, match=words):
        rater_agreement(answers=answers)
