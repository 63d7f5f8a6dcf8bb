"""ROUGE: the numbers of rouge_score for English, by hand for other scripts."""

from importlib import import_module

import numpy as np
import pytest

from jgen.evaluation.rouge import rouge, rouge_metric

NAMES = ("rouge1", "rouge2", "rougeL", "rougeLsum")


def lines(rng, number):
    """Draw a text of short lines of few words, so that subsequences are long and often tied."""
    return "\n".join(" ".join(rng.choice(list("abcdefgh"), size=rng.integers(1, 10))) for _ in range(number))


def check_by_hand(module):
    """Values of small pairs: 6 and 5 words, 5 in common; 5 and 4 pairs, 3 in common."""
    found = module.rouge(real=["the cat is on the mat"], generated=["the cat is on mat"])
    np.testing.assert_allclose([one.value for one in found], [10 / 11, 6 / 9, 10 / 11, 10 / 11])
    # The longest common subsequence of a b c d e and e a b d is a b d; ROUGE-1 has 4 of them.
    found = module.rouge(real=["a b c d e"], generated=["e a b d"])
    np.testing.assert_allclose([one.value for one in found], [8 / 9, 2 / 7, 6 / 9, 6 / 9])
    # Lin (2004), section 3.2: the union of two subsequences of w1 w2 w3 w4 w5 has 4 words.
    found = module.rouge(real=["w1 w2 w3 w4 w5"], generated=["w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5"])
    np.testing.assert_allclose(found.rouge_lsum.value, 2 * 4 / (5 + 10))


def test_by_hand():
    check_by_hand(import_module("jgen.evaluation.rouge"))


def test_english_reads_what_rouge_score_reads(rng):
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(NAMES, use_stemmer=False)
    real = [[lines(rng, 3), lines(rng, 2)] for _ in range(25)]
    generated = [lines(rng, 3) for _ in range(24)] + [""]
    expected = [scorer.score_multi(refs, text) for refs, text in zip(real, generated, strict=True)]
    found = rouge(real=real, generated=generated)
    for name, one in zip(NAMES, found, strict=True):
        np.testing.assert_allclose(one.value, np.mean([row[name].fmeasure for row in expected]), rtol=1e-12)


def test_other_scripts_have_words():
    """By rouge_score's own tokenizer all of these read 0."""
    same = [("это люблю тебя", "это люблю вас"), ("我爱你", "我爱他"), ("मैं तुमसे प्यार", "मैं तुमसे नफरत")]
    for reference, hypothesis in same:
        np.testing.assert_allclose(rouge(real=[reference], generated=[hypothesis]).rouge1.value, 2 / 3)


def test_results_have_flavour_interval_null_and_influence(rng):
    real = [[lines(rng, 1), lines(rng, 1)] for _ in range(30)]
    generated = [lines(rng, 1) for _ in range(30)]
    found = rouge(real=real, generated=generated, last_as_null=True)
    for one in found:
        assert one.low < one.value < one.high
        assert "no stemming" in one.protocol["flavour"]
        assert one.ceiling == 1
    first, last = [refs[0] for refs in real], [refs[1] for refs in real]
    assert found.rouge1.null.value == rouge(real=first, generated=last).rouge1.value
    metric = rouge_metric()
    influence = metric.influence(metric.accumulate(metric.empty(), real=real, generated=generated)).rouge2
    scores = [
        rouge(real=[refs], generated=[text]).rouge2.value for refs, text in zip(real, generated, strict=True)
    ]
    np.testing.assert_allclose(influence.by_sample["real"], scores - np.mean(scores), atol=1e-12)


def test_a_reference_without_words_is_refused():
    with pytest.raises(ValueError, match="without words"):
        rouge(real=["a b", "..."], generated=["a b", "c"])
