"""Text: tokens come back as what they were, a byte-pair code is the plain one, splits share no paragraph."""

import sys
from collections import Counter
from itertools import pairwise

import pytest

from jgen.data import BPE, Characters, load, tokenizer, train_bpe
from jgen.data.bpe import PIECE
from jgen.data.topics_text import paragraphs, split_of, split_texts
from jgen.errors import UsageError

ODD = "naïve ☃\u2028 日本語 \t\n\n  def f(x):\r\n    return x  # ½\x00\x7f ﷽ 🎲 \u0301e"
FIXED = {"Examples:": "train", "Note": "validation", "5": "test", "6": "test"}
TEXT = "the cat sat on the mat, the rat sat on the cat; " * 3 + "other mothers bother"


@pytest.fixture(scope="module")
def texts():
    return split_texts(paragraphs())


@pytest.fixture(scope="module")
def tokenizers(prepared):
    return {name: tokenizer(name, directory=prepared) for name in ("topics", "topics_bpe")}


def plain_merges(text, count):
    """Byte pairs as their paper has them: counts all pairs anew for each merge."""
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
def test_merges_are_those_of_the_plain_algorithm(text):
    learnt = train_bpe(text, 256 + 40)
    assert learnt.merges == plain_merges(text, 40)
    spelt = []
    for piece in PIECE.findall(text):  # every merge in turn, where it is met from the left
        word = list(piece.encode())
        for i, pair in enumerate(learnt.merges):
            word = replaced(word, pair, 256 + i)
        spelt += word
    assert learnt.encode(text).tolist() == spelt


def test_every_text_comes_back(texts, tokenizers, rng):
    unicode = "".join(map(chr, rng.integers(0, 0xD800, 2000)))  # every plane of text below the surrogates
    for text in (texts["test"], ODD, "", unicode):
        assert tokenizers["topics_bpe"].decode(tokenizers["topics_bpe"].encode(text)) == text
    known = tokenizers["topics"]
    assert all(known.decode(known.encode(text)) == text for text in texts.values())


def test_windows_are_the_text_of_their_split(prepared, texts, tokenizers):
    for name, known in tokenizers.items():
        for split, text in texts.items():
            x = load(name, split, directory=prepared)["x"]
            tokens = known.encode(text)
            expected = tokens[: len(tokens) // x.shape[1] * x.shape[1]].reshape(x.shape)
            assert {row.tobytes() for row in x} == {row.tobytes() for row in expected}
            assert x.max() < known.size


def test_byte_pairs_are_learnt_from_the_training_split_alone(texts, tokenizers):
    assert tokenizers["topics_bpe"] == train_bpe(texts["train"], 512)
    assert tokenizers["topics_bpe"].size == 512
    # they must save something, on text that they have not seen
    assert len(tokenizers["topics_bpe"].encode(texts["test"])) < 0.6 * len(texts["test"].encode())


def test_paragraphs_are_parted_by_what_they_say(texts):
    found = paragraphs()
    assert len(found) == len(set(found)) > 1000
    for split, text in texts.items():
        assert sum(map(len, texts.values())) * {"train": 0.75}.get(split, 0.06) < len(text)
    assert sum(map(len, texts.values())) == sum(len(part) + 2 for part in found)
    # written here, so that a change of the rule is seen: in every Python these lie where they lay
    assert {word: split_of(word) for word in FIXED} == FIXED


def test_the_version_is_that_of_python(prepared):
    assert [folder.name for folder in (prepared / "topics").iterdir()] == [
        ".".join(map(str, sys.version_info[:3]))
    ]


def test_mistakes_are_named(prepared, tokenizers):
    for call, words in (
        (lambda: tokenizers["topics"].encode("日本"), "日本.* is not in the alphabet of"),
        (
            lambda: tokenizers["topics"].decode([tokenizers["topics"].size]),
            "tokens are whole numbers from 0 to",
        ),
        (lambda: BPE(()).decode([256]), "from 0 to 255; got .256."),
        (lambda: BPE(()).decode([-1]), "from 0 to 255"),
        (lambda: Characters("ab").decode([0.5]), "whole numbers"),
        (lambda: train_bpe("text", 255), "at least 256"),
        (lambda: tokenizer("digits", directory=prepared), "digits is not text"),
        (lambda: tokenizer("nothing", directory=prepared), "unknown data set"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    assert BPE(()).decode([0xC3, 0x28]) == "\ufffd("
    assert issubclass(UsageError, ValueError)
