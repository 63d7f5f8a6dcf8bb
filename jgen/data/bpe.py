"""Tokenise text by byte-pair encoding: start from bytes and merge frequent pairs of tokens."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from jgen.data.characters import check_tokens
from jgen.errors import UsageError

PIECE = re.compile(r" ?\w+| ?[^\w\s]+|\s+(?!\S)|\s")
"""Pieces within which pairs are merged: a word or punctuation with the space before it, or white space."""


class BPE(NamedTuple):
    """Byte-pair tokenizer, which encodes any text without loss.

    Attributes:
        merges: Pairs of tokens in the order they were learnt; the i-th makes the token 256 + i, and tokens
            below 256 are bytes of UTF-8.

    Example:
        >>> learnt = train_bpe("low lower lowest", 258)
        >>> learnt.encode("low").tolist(), learnt.decode(learnt.encode("slow, naïve"))
        ([257], 'slow, naïve')

    Reference:
        Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword units", ACL 2016.
    """

    merges: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        """Return the number of tokens."""
        return 256 + len(self.merges)

    def encode(self, text: str) -> np.ndarray:
        """Return the tokens of a text, int32 ``[token]``, merging each piece in the order learnt."""
        rank = {pair: i for i, pair in enumerate(self.merges)}
        tokens_of: dict[str, list[int]] = {}
        for piece in set(PIECE.findall(text)):
            tokens = list(piece.encode())
            while pairs := rank.keys() & set(pairwise(tokens)):
                first = min(pairs, key=rank.__getitem__)
                tokens = _merge(tokens, first, 256 + rank[first])
            tokens_of[piece] = tokens
        return np.array([token for piece in PIECE.findall(text) for token in tokens_of[piece]], np.int32)

    def decode(self, tokens: np.ndarray | list[int]) -> str:
        """Return the text of tokens ``[token]``; bytes that are not UTF-8 become U+FFFD.

        Raises:
            ValueError: For a token out of range.
        """
        spelling = [bytes([i]) for i in range(256)]
        for left, right in self.merges:
            spelling.append(spelling[left] + spelling[right])
        return b"".join(spelling[i] for i in check_tokens(tokens, self.size)).decode(errors="replace")


def train_bpe(text: str, size: int) -> BPE:
    """Learn merges of the most frequent pairs, one after the other; ties go to the lowest tokens.

    Args:
        text: Training text.
        size: Number of tokens, at least 256.

    Returns:
        The tokenizer, with fewer tokens if no pair is left that occurs twice.

    Raises:
        UsageError: For a smaller size.
    """
    if size < 256:
        raise UsageError(f"size is {size}: every byte is a token, so choose at least 256")
    pieces = Counter(PIECE.findall(text))
    words, times = [list(piece.encode()) for piece in pieces], list(pieces.values())
    count: Counter[tuple[int, int]] = Counter()
    where: defaultdict[tuple[int, int], set[int]] = defaultdict(set)  # pair -> words that have, or had, it

    def tally(numbers: Iterable[int], sign: int) -> None:
        """Add the pairs of some words to the counts (sign 1), or subtract them (-1)."""
        for i in numbers:
            for pair in pairwise(words[i]):
                count[pair] += sign * times[i]
                where[pair].add(i)

    tally(range(len(words)), 1)
    merges: list[tuple[int, int]] = []
    while len(merges) < size - 256 and count:
        best = min(count, key=lambda pair: (-count[pair], pair))
        if count[best] < 2:
            break
        touched = where.pop(best)
        tally(touched, -1)
        for i in touched:
            words[i] = _merge(words[i], best, 256 + len(merges))
        tally(touched, 1)
        merges.append(best)
    return BPE(tuple(merges))


def _merge(tokens: list[int], pair: tuple[int, int], token: int) -> list[int]:
    """Replace a pair of tokens from left to right."""
    out: list[int] = []
    i = 0
    while i < len(tokens):
        matches = tuple(tokens[i : i + 2]) == pair
        out.append(token if matches else tokens[i])
        i += 1 + matches
    return out
