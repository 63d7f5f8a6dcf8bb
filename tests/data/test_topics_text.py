"""Check the splits of the topics of Python's help."""

import sys

import pytest

from jgen.data.topics_text import paragraphs, split_of, split_texts

FIXED = {"Examples:": "train", "Note": "validation", "5": "test", "6": "test"}


@pytest.fixture(scope="module")
def texts():
    return split_texts(paragraphs())


def test_paragraphs_are_split_by_a_fixed_hash(texts):
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
