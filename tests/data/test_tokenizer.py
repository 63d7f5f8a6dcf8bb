"""Check that stored tokenizers recover the text of their data sets."""

import pytest

from jgen.data import load, tokenizer, train_bpe
from jgen.data.topics_text import paragraphs, split_texts
from jgen.errors import UsageError

ODD = "naïve ☃\u2028 日本語 \t\n\n  def f(x):\r\n    return x  # ½\x00\x7f ﷽ 🎲 \u0301e"


@pytest.fixture(scope="module")
def texts():
    return split_texts(paragraphs())


@pytest.fixture(scope="module")
def tokenizers(prepared):
    return {name: tokenizer(name, directory=prepared) for name in ("topics", "topics_bpe")}


def test_every_text_is_recovered(texts, tokenizers, rng):
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
            assert x.shape[1] == {"topics": 128, "topics_bpe": 64}[name]
            expected = tokens[: len(tokens) // x.shape[1] * x.shape[1]].reshape(x.shape)
            assert {row.tobytes() for row in x} == {row.tobytes() for row in expected}
            assert x.max() < known.size


def test_byte_pairs_are_learnt_from_the_training_split_alone(texts, tokenizers):
    assert tokenizers["topics_bpe"] == train_bpe(texts["train"], 512)
    assert tokenizers["topics_bpe"].size == 512
    # they must save something, on text that they have not seen
    assert len(tokenizers["topics_bpe"].encode(texts["test"])) < 0.6 * len(texts["test"].encode())


def test_sets_without_tokenizer_are_rejected(prepared):
    with pytest.raises(UsageError, match="digits is not text"):
        tokenizer("digits", directory=prepared)
    with pytest.raises(UsageError, match="unknown data set"):
        tokenizer("nothing", directory=prepared)
