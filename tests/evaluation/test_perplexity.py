"""Perplexity: that of a Markov source in closed form, leaks, padding, tokenizers and bad input."""

import math
from importlib import import_module

import numpy as np
import pytest
from scipy.linalg import eig

from jgen.data import Characters
from jgen.data.datasets import markov
from jgen.evaluation.perplexity import perplexity, perplexity_metric
from jgen.evaluation.results import compare
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_rng


def windows(rng, size, length=33):
    """Draw windows of the Markov source."""
    below = markov.transition().cumsum(1)[:, :-1]
    symbols = [(markov.stationary().cumsum()[:-1] < rng.random((size, 1))).sum(1)]
    while len(symbols) < length:
        symbols.append((below[symbols[-1]] < rng.random((size, 1))).sum(1))
    return np.stack(symbols, 1)


def log_probs(x, share=0.0):
    """Compute log-probabilities of all but the first symbol, by the source mixed with even symbols."""
    return np.log((1 - share) * markov.transition() + share / 16)[x[:, :-1], x[:, 1:]]


def test_the_entropy_rate_has_its_value():
    """By the module's closed form, and by an eigenvector of the transition matrix."""
    values, vectors = eig(markov.transition().T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    stationary /= stationary.sum()
    rate = -np.sum(stationary[:, None] * markov.transition() * np.log(markov.transition()))
    np.testing.assert_allclose(markov.entropy_rate(), rate, rtol=1e-12)
    np.testing.assert_allclose(np.exp(rate), 4.4917, atol=5e-5)


def check_source(module):
    """The source itself reads exp(h), and is no leak; a model that saw the windows is."""
    log_prob = log_probs(windows(fresh_rng(), 500))
    rate = markov.entropy_rate()
    result = module.perplexity(log_prob=log_prob, tokenizer="symbols", entropy_rate=rate)
    error = (np.log(result.high) - np.log(result.low)) / 2 / 1.96
    assert abs(np.log(result.value) - rate) < FALSE_ALARM_SDS * error
    np.testing.assert_allclose([result.null.value, result.ceiling], np.exp(rate))
    leaked = module.perplexity(log_prob=0.8 * log_prob, tokenizer="symbols", entropy_rate=rate)
    assert "leak" in leaked.flags
    below = module.perplexity(
        log_prob=log_prob - (log_prob.mean() + rate) + 2 * error, tokenizer="symbols", entropy_rate=rate
    )
    assert "leak" not in below.flags  # two standard errors below


def check_ratio(module):
    """Sequences of 1 and 3 tokens: tokens are averaged, not sequences; padding is not."""
    log_prob = -np.log([[2.0, 7.0, 7.0], [4.0, 4.0, 4.0]])
    mask = np.array([[True, False, False], [True, True, True]])
    expected = (2 * 4**3) ** (1 / 4)
    value = module.perplexity(log_prob=log_prob, mask=mask, tokenizer="a").value
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    sums = module.perplexity(log_prob=-np.log([2.0, 64.0]), num_tokens=[1, 3], tokenizer="a")
    np.testing.assert_allclose(sums.value, expected, rtol=1e-14)


def check_influence(module):
    """Influences against the jackknife of sequences of unlike length."""
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 30, size=200)
    sums = -counts * rng.uniform(1, 3, size=200)
    metric = module.perplexity_metric(tokenizer="a")
    influence = metric.influence(metric.accumulate(metric.empty(), log_prob=sums, num_tokens=counts))
    without = np.exp(-(sums.sum() - sums) / (counts.sum() - counts))
    found = influence.by_sample["log_prob"]
    assert abs(found - 199 * (influence.value - without)).max() < 0.1 * found.std()


@pytest.mark.parametrize("check", [check_source, check_ratio, check_influence])
def test_perplexity(check):
    check(import_module("jgen.evaluation.perplexity"))


def test_a_mixed_model_reads_its_cross_entropy():
    x = windows(fresh_rng(), 500)
    log_model = np.log(0.7 * markov.transition() + 0.3 / 16)
    exact = -np.sum(markov.stationary()[:, None] * markov.transition() * log_model)
    result = perplexity(log_prob=log_probs(x, 0.3), tokenizer="symbols", entropy_rate=markov.entropy_rate())
    error = (np.log(result.high) - np.log(result.low)) / 2 / 1.96
    assert abs(np.log(result.value) - exact) < FALSE_ALARM_SDS * error
    assert result.flags == ()


def test_a_model_that_knows_the_test_set_by_heart_is_a_leak():
    result = perplexity(log_prob=np.zeros((9, 5)), tokenizer="a", entropy_rate=1.5)
    assert result.value == 1
    assert "leak" in result.flags


def test_batches_and_padding_sequences_leave_the_value():
    log_prob = log_probs(windows(np.random.default_rng(0), 50))
    whole = perplexity(log_prob=log_prob, tokenizer="a")
    padded = np.concatenate([log_prob, np.zeros((14, 32))])
    mask = np.arange(64)[:, None] < np.full(32, 50)
    np.testing.assert_allclose(
        perplexity(log_prob=padded, mask=mask, tokenizer="a")[:3], whole[:3], rtol=1e-12
    )
    metric = perplexity_metric(tokenizer="a")
    state = metric.empty()
    for part in np.split(log_prob, [1, 20]):
        rows = {"log_prob": part.sum(1), "num_tokens": np.full(len(part), 32)}
        state = metric.merge(state, metric.accumulate(metric.empty(), **rows))
    np.testing.assert_allclose(metric.compute(state)[:3], whole[:3], rtol=1e-12)


def test_other_tokenizers_do_not_compare():
    one, other = (
        perplexity(log_prob=-np.ones((5, 4)), tokenizer=tokenizer)
        for tokenizer in (Characters("abc"), Characters("abcd"))
    )
    with pytest.raises(ValueError, match="different protocols"):
        compare(one, other)


def test_impossible_sequences_have_infinite_perplexity():
    result = perplexity(log_prob=[-1.0, -np.inf, -2.0], num_tokens=[1, 2, 3], tokenizer="a")
    assert math.isinf(result.value)
    assert result.flags


def test_one_sequence_has_no_interval():
    result = perplexity(log_prob=[[-1.0, -2.0]], tokenizer="a", entropy_rate=2.0)
    assert np.isnan([result.low, result.high]).all()
    assert result.flags == ("the standard error is not known",)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        ({"log_prob": [], "num_tokens": []}, "one number a sequence"),
        ({"log_prob": np.zeros((0, 3))}, "one number a sequence"),
        ({"log_prob": [[np.nan, -1.0]]}, "NaN"),
        ({"log_prob": [[1.0, 1.0]]}, "not above 0"),
        ({"log_prob": [-1.0, -1.0], "num_tokens": [1]}, "one a sequence"),
        ({"log_prob": [-1.0], "num_tokens": [0]}, "of nothing"),
        ({"log_prob": [0.0], "num_tokens": [0]}, "all 0"),
        ({"log_prob": [-1.0], "num_tokens": [1.5]}, "whole"),
        ({"log_prob": [[-1.0]], "mask": [[True]], "num_tokens": [1]}, "not both"),
    ],
)
def test_bad_samples_are_refused(samples, words):
    with pytest.raises(ValueError, match=words):
        perplexity(**samples, tokenizer="a")
