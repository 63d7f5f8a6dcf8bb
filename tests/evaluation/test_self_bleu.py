"""Self-BLEU: sacreBLEU's sentence scores against all others, and its null."""

from importlib import import_module

import numpy as np
import pytest

from jgen.evaluation.results import compare
from jgen.evaluation.self_bleu import self_bleu


def texts_of(rng, size, longest=9):
    return [" ".join(rng.choice(list("abcdefg"), size=rng.integers(1, longest))) for _ in range(size)]


def check_against_sacrebleu(module):
    scorer = pytest.importorskip("sacrebleu.metrics").BLEU(effective_order=True)
    texts = [*texts_of(np.random.default_rng(1), 14), "a b c d", "a b c d", "", "a b " * 6, "b a c " * 5]
    scores = [scorer.sentence_score(text, texts[:i] + texts[i + 1 :]).score for i, text in enumerate(texts)]
    np.testing.assert_allclose(
        module.self_bleu(real=texts, generated=texts).value, np.mean(scores), rtol=1e-12
    )


def test_values():
    check_against_sacrebleu(import_module("jgen.evaluation.self_bleu"))


def test_equal_texts_read_100_and_disjoint_ones_0():
    assert self_bleu(real=["a"], generated=["a b c d e"] * 4).value == pytest.approx(100)
    assert self_bleu(real=["a"], generated=["a b", "c d", "e f"]).value == 0


def test_the_null_is_of_as_many_real_texts(rng):
    real, generated = texts_of(rng, 10), texts_of(rng, 10)
    result = self_bleu(real=real, generated=generated)
    assert result.null.value == pytest.approx(self_bleu(real=real, generated=real).value)
    assert self_bleu(real=real[:5], generated=generated).null is None
    assert self_bleu(real=texts_of(rng, 40), generated=generated).null.n == 10
    with pytest.raises(ValueError, match="texts is 10 and 9"):
        compare(result, self_bleu(real=real, generated=generated[:9]))


def test_few_texts():
    with pytest.raises(ValueError, match="two or more"):
        self_bleu(real=["a"], generated=["a"])
    two = self_bleu(real=["a"], generated=["a b", "a c"])
    assert two.flags == ("the standard error is not known",)
