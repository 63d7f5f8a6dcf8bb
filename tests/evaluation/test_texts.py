"""Words of any script: English as by rouge_score, other scripts whole."""

import re

import numpy as np
import pytest

from jgen.evaluation.texts import ngrams, read_references, read_texts, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's 3 under_score, x-ray.", ["it", "s", "3", "under", "score", "x", "ray"]),
        ("Ünïcode NAÏVE", ["ünïcode", "naïve"]),
        ("हिन्दी में", ["हिन्दी", "में"]),  # vowel signs are marks, at which \w splits
        ("我爱你 abc中文def", ["我", "爱", "你", "abc", "中", "文", "def"]),
        ("ภาษา", ["ภ", "า", "ษ", "า"]),
        ("ที่", ["ที่"]),  # one letter with two marks
        ("Привет, мир!", ["привет", "мир"]),
        ("שלום עולם", ["שלום", "עולם"]),
        ("e\u0301te\u0301", ["été"]),  # composed and decomposed are the same word
        ("... --- !", []),
        ("", []),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


def test_english_words_are_those_of_rouge_score(rng):
    """Its tokenizer is ``[^a-z0-9]+`` as a separator, after lower case."""
    for _ in range(50):
        text = "".join(chr(code) for code in rng.integers(32, 127, size=60))
        assert words(text) == re.sub("[^a-z0-9]+", " ", text.lower()).split()


def test_ngrams():
    assert ngrams("abab", 2) == {("a", "b"): 2, ("b", "a"): 1}
    assert ngrams("a", 2) == {}


@pytest.mark.parametrize(
    ("given", "words_of_error"),
    [
        ("one", "one str"),
        (b"one", "one bytes"),
        ([], "no text"),
        (["a", 1], "entry 1 is int"),
        ([None], "entry 0"),
    ],
)
def test_texts_of_other_kinds_are_refused(given, words_of_error):
    with pytest.raises(ValueError, match=words_of_error):
        read_texts("generated", given)


@pytest.mark.parametrize("given", ["one", [], [[]], [[1]], ["a", None]])
def test_references_of_other_kinds_are_refused(given):
    with pytest.raises((ValueError, TypeError), match=r"entry|given|reference|iterable|list"):
        read_references("real", given)


def test_texts_and_references_are_rows():
    assert read_texts("generated", np.array(["ab", "c"])).tolist() == ["ab", "c"]
    assert read_references("real", ["a", ["b", "c"], ("d",)]).tolist() == [("a",), ("b", "c"), ("d",)]
    assert read_references("real", [["a", "b"], ["c", "d"]]).shape == (2,)
