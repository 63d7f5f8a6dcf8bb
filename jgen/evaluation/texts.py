"""Read texts, split them into words of any script, and count n-grams."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

ASCII = re.compile("[a-z0-9]+")
WITHOUT_SPACES = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
"""First words of the names of characters of scripts that put no space between words."""


def read_texts(name: str, entries: Any) -> np.ndarray:
    """Return texts as an array of objects ``[text]``.

    Raises:
        ValueError: For one string, no text, or entries that are not strings; an empty string is a text.

    Example:
        >>> read_texts("generated", ["a b", ""])
        array(['a b', ''], dtype=object)
    """
    if isinstance(entries, str | bytes):
        raise ValueError(
            f"{name} must be a list of strings; got one {type(entries).__name__}: put it in a list"
        )
    texts = list(entries)
    if not texts:
        raise ValueError(f"{name} has no text: give one string or more")
    wrong = next((i for i, text in enumerate(texts) if not isinstance(text, str)), None)
    if wrong is not None:
        raise ValueError(
            f"{name} must be a list of strings; entry {wrong} is {type(texts[wrong]).__name__}: decode "
            "tokens with the tokenizer that made them"
        )
    return np.array([*texts, None], object)[:-1]  # the None keeps NumPy from reading characters


def read_references(name: str, entries: Any) -> np.ndarray:
    """Return the references of each hypothesis as tuples of strings, in an array of objects ``[pair]``.

    Args:
        name: Name of the sample.
        entries: For each hypothesis one string, or a list of one string or more.

    Raises:
        ValueError: As ``read_texts``; also for a hypothesis without references.

    Example:
        >>> read_references("real", ["a", ["b", "c"]])
        array([('a',), ('b', 'c')], dtype=object)
    """
    if isinstance(entries, str | bytes):
        raise ValueError(
            f"{name} must be a list, a reference (or a list of them) for each hypothesis; got one"
        )
    rows = [(row,) if isinstance(row, str) else row for row in entries]
    if not rows:
        raise ValueError(f"{name} has no reference: give one or more for each hypothesis")
    wrapped = [tuple(read_texts(f"entry {i} of {name}", row)) for i, row in enumerate(rows)]
    pairs = np.empty(len(wrapped), object)
    pairs[:] = wrapped
    return pairs


def words(text: str) -> list[str]:
    """Split a text into lower-case words of any script.

    A word is a run of letters, marks and digits (Unicode categories L, M, N), after normalisation NFKC. In
    scripts without spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) a letter with its
    marks is one. For English these are the tokens of ``rouge_score`` without its stemmer.

    Example:
        >>> words("It's 3 naïve cafés."), words("我爱你"), words("हिन्दी में")
        (['it', 's', '3', 'naïve', 'cafés'], ['我', '爱', '你'], ['हिन्दी', 'में'])
    """
    if text.isascii():
        return ASCII.findall(text.lower())
    found: list[str] = []
    for is_word, run in groupby(unicodedata.normalize("NFKC", text).lower(), _is_of_word):
        if is_word:
            found += _split_run("".join(run))
    return found


def _is_of_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def _split_run(run: str) -> list[str]:
    """Split a run where a letter of a script without spaces begins or ends."""
    parts: list[str] = []
    was_alone = True
    for character in run:
        is_mark = unicodedata.category(character)[0] == "M"
        is_alone = was_alone if is_mark else unicodedata.name(character, "").startswith(WITHOUT_SPACES)
        if parts and (is_mark or not (is_alone or was_alone)):
            parts[-1] += character
        else:
            parts.append(character)
        was_alone = is_alone
    return parts


def ngrams(tokens: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    """Count the n-grams of tokens.

    Example:
        >>> ngrams(["a", "b", "a", "b"], 2)[("a", "b")]
        2
    """
    shifted: Iterable[Sequence[str]] = (tokens[start:] for start in range(order))
    return Counter(zip(*shifted, strict=False))


TOKENS: dict[str, Callable[[str], list[str]]] = {"words": words, "characters": list}
"""Name of a way to split texts -> function from a text to its tokens."""
