"""Check byte-pair encoding against the plain algorithm."""

from collections import Counter
from itertools import pairwise

import pytest

from jgen.data import BPE, train_bpe
from jgen.data.bpe import PIECE
from jgen.errors import UsageError

ODD = "naïve ☃\u2028 日本語 \t\n\n  def f(x):\r\n    return x  # ½\x00\x7f ﷽ 🎲 \u0301e"
TEXT = "the cat sat on the mat, the rat sat on the cat; " * 3 + "other mothers bother"


def plain_merges(text, count):
    """Learn merges as in the paper: count all pairs again for each merge."""
    words, merges = [(list(piece.encode()), n) for piece, n in Counter(PIECE.findall(text)).items()], []
    for token in range(256, 256 + count):
        pairs = Counter()
        for word, n in words:
            for pair in pairwise(word):
                pairs[pair] += n
        best = min((pair for pair in pairs if pairs[pair] >= 2), key=lambda p: (-pairs[p], p), default=None)
        if best is None:
            break
        merges.append(best)
        words = [(replaced(word, best, token), n) for word, n in words]
    return tuple(merges)


def replaced(word, pair, token):
    out = []
    for symbol in word:
        out.append(symbol)
        if tuple(out[-2:]) == pair:
            out[-2:] = [token]
    return out


@pytest.mark.parametrize("text", [TEXT, "aaaaa aaaa aaa", "ababab abab", ODD * 2])
def test_merges_equal_those_of_the_plain_algorithm(text):
    learnt = train_bpe(text, 256 + 40)
    assert learnt.merges == plain_merges(text, 40)
    spelt = []
    for piece in PIECE.findall(text):  # every merge in turn, where it is met from the left
        word = list(piece.encode())
        for i, pair in enumerate(learnt.merges):
            word = replaced(word, pair, 256 + i)
        spelt += word
    assert learnt.encode(text).tolist() == spelt


def test_invalid_bytes_tokens_and_sizes():
    assert BPE(()).decode([0xC3, 0x28]) == "\ufffd("
    for tokens in ([256], [-1]):
        with pytest.raises(ValueError, match="from 0 to 255"):
            BPE(()).decode(tokens)
    with pytest.raises(UsageError, match="at least 256"):
        train_bpe("text", 255)
