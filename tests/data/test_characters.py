"""Check errors of the character tokenizer."""

import pytest

from jgen.data import Characters

LETTERS = Characters("ab")


def test_invalid_text_and_tokens_are_rejected():
    for call, words in (
        (lambda: LETTERS.encode("日本"), "日本.* is not in the alphabet of"),
        (lambda: LETTERS.decode([2]), "tokens are whole numbers from 0 to 1"),
        (lambda: LETTERS.decode([0.5]), "whole numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
