"""ChrF: sacreBLEU's value and signature, the formula by hand, and gradients by finite differences."""

from collections import Counter
from importlib import import_module

import numpy as np
import pytest

from jgen.evaluation.chrf import chrf, chrf_metric
from jgen.evaluation.text_pairs import word_pairs


def by_hand(reference, hypothesis, orders=6, beta=2):
    """Compute chrF of one pair by its definition: mean precision and recall over the orders."""
    ours, theirs = hypothesis.replace(" ", ""), reference.replace(" ", "")
    precisions, recalls = [], []
    for n in range(1, orders + 1):
        a, b = (Counter(x[i : i + n] for i in range(len(x) - n + 1)) for x in (ours, theirs))
        if a and b:
            hits = (a & b).total()
            precisions.append(hits / a.total())
            recalls.append(hits / b.total())
    p, r = np.mean(precisions), np.mean(recalls)
    return 100 * (1 + beta**2) * p * r / (beta**2 * p + r)


def check_known(module):
    for reference, hypothesis in (
        ("the cat is on the mat", "the cat is on mat"),
        ("abcd", "abxd"),
        ("ab", "ab"),
    ):
        value = module.chrf(real=[reference], generated=[hypothesis]).value
        np.testing.assert_allclose(value, by_hand(reference, hypothesis), rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"word_order": 2}, {"beta": 1, "char_order": 3, "lowercase": True}])
def test_corpora_read_what_sacrebleu_reads(options, rng):
    metrics = pytest.importorskip("sacrebleu.metrics")
    pairs = word_pairs(rng, 20, 20, 0.3)
    streams = list(zip(*pairs["real"], strict=True))
    scorer = metrics.CHRF(**options)
    expected = scorer.corpus_score(pairs["generated"], streams).score
    result = chrf(**pairs, **options)
    np.testing.assert_allclose(result.value, expected, rtol=1e-12)
    assert result.protocol["signature"] == str(scorer.get_signature())
    assert result.low < result.value < result.high


def test_known_values():
    check_known(import_module("jgen.evaluation.chrf"))


def test_gradients_are_those_of_finite_differences(rng):
    from jgen.evaluation.chrf import _linearise

    theirs, ours = rng.integers(60, 90, size=(2, 6)).astype(float)
    sums = np.stack([ours, theirs, rng.integers(10, 50, size=6)], 1).ravel()
    _, gradient = _linearise(2, sums)
    steps = 1e-4 * np.eye(len(sums))
    slopes = [(_linearise(2, sums + step)[0] - _linearise(2, sums - step)[0]) / 2e-4 for step in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6)


def test_ends_of_the_scale():
    assert chrf(real=["abc"] * 2, generated=["abc"] * 2).value == pytest.approx(100)
    nothing = chrf(real=["abc", "abd"], generated=["xyz", ""])
    assert nothing.value == 0
    assert "beyond_resolution" in nothing.flags
    with pytest.raises(ValueError, match="char_order must be 1"):
        chrf_metric(char_order=0)
