"""Distinct-n: its expectation for even words, its null and its variance."""

from importlib import import_module

import numpy as np
import pytest

from jgen.evaluation.distinct import distinct, distinct_metric
from jgen.evaluation.results import compare
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_rng


def even(rng, kinds, size, length):
    return [" ".join(f"w{number}" for number in row) for row in rng.integers(kinds, size=(size, length))]


def check_expectation(module):
    """50 kinds, 100 words: in closed form, and the mean of simulated ones."""
    rng = fresh_rng()
    results = [module.distinct(generated=even(rng, 50, 10, 10), vocabulary_size=50) for _ in range(300)]
    np.testing.assert_allclose(results[0].null.value, 0.43369022, atol=5e-9)
    values = np.array([result.value for result in results])
    spread = results[0].null.standard_error
    assert abs(values.mean() - results[0].null.value) < FALSE_ALARM_SDS * spread / np.sqrt(300)
    assert abs(values.std() / spread - 1) < FALSE_ALARM_SDS / np.sqrt(2 * 300) + 0.02  # near normal
    errors = [result.standard_error for result in results if not result.flags]
    assert 0.9 < np.sqrt(np.mean(np.square(errors))) / spread < 1.5  # the plain jackknife's is 1.7


def check_counts(module):
    texts = ["a b a b", "b c", "a"]
    values = [module.distinct(generated=texts, order=n).value for n in (1, 2, 3)]
    assert values == [3 / 7, 3 / 4, 1.0]  # ab ba ab, bc: no pair goes over the end of a text
    assert module.distinct(generated=["aab"], order=1, tokens="characters").value == 2 / 3


@pytest.mark.parametrize("check", [check_expectation, check_counts])
def test_distinct(check):
    check(import_module("jgen.evaluation.distinct"))


def test_the_null_of_real_texts_has_as_many_words():
    rng = fresh_rng()
    result = distinct(generated=even(rng, 50, 10, 10), real=even(rng, 50, 400, 5))
    exact = distinct(generated=even(rng, 50, 10, 10), vocabulary_size=50).null
    assert result.null.n == 100
    assert abs(result.null.value - exact.value) < FALSE_ALARM_SDS * exact.standard_error / np.sqrt(20)
    assert distinct(generated=even(rng, 50, 10, 10), real=["too short"]).null is None


def test_other_numbers_of_words_do_not_compare(rng):
    one, other = (distinct(generated=even(rng, 50, size, 10)) for size in (10, 20))
    with pytest.raises(ValueError, match="ngrams is 100 and 200"):
        compare(one, other)


def test_where_all_kinds_are_seen_the_interval_is_flagged():
    assert "beyond_resolution" in distinct(generated=["a b", "a b", "b a"]).flags


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"generated": ["", "..."]}, "no n-gram"),
        ({"generated": ["a b"], "order": 3}, "no n-gram"),
        ({"generated": []}, "no text"),
        ({"generated": ["a"], "order": 0}, "order must be"),
        ({"generated": ["a"], "tokens": "bytes"}, "tokens one of words, characters"),
        ({"generated": ["a"], "vocabulary_size": 0}, "vocabulary_size"),
        ({"generated": ["a"], "real": ["a"], "vocabulary_size": 5}, "leave out"),
    ],
)
def test_bad_input_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        distinct(**options)


def test_the_state_keeps_texts(rng):
    texts = even(rng, 30, 12, 4)
    metric = distinct_metric()
    parts = [metric.accumulate(metric.empty(), generated=part) for part in (texts[:1], texts[1:])]
    assert metric.compute(metric.merge(*parts)).value == distinct(generated=texts).value
