"""Compute features of texts without a network: hashed character n-grams."""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np


class HashedCharacters(NamedTuple):
    """Function from texts to features, with a name and a digest, as an ``Extractor`` of texts.

    Each n-gram of characters adds 1 or -1, by its CRC-32, to one of ``dim`` features, whose vector then has
    length 1; that of an empty text is 0. Two texts are near where they share n-grams: spelling, words and
    style, not meaning.

    Attributes:
        orders: Lengths n of the n-grams.
        dim: Number of features.

    Example:
        >>> features = HashedCharacters()(["the cat sat", "the cat sits", "colourless green ideas"])
        >>> features.shape, bool(features[0] @ features[1] > features[0] @ features[2])
        ((3, 512), True)

    Reference:
        Weinberger et al. (2009), Feature hashing for large scale multitask learning, ICML.
    """

    orders: tuple[int, ...] = (1, 2, 3)
    dim: int = 512

    @property
    def name(self) -> str:
        """What it is."""
        return "hashed character n-grams"

    @property
    def digest(self) -> str:
        """First digits of the SHA-256 of what determines the features."""
        return hashlib.sha256(f"crc32 utf-8 signed unit {self.orders} {self.dim}".encode()).hexdigest()[:12]

    @property
    def protocol(self) -> dict[str, str]:
        """What a ``Result`` says of it."""
        return {"extractor": self.name, "digest": self.digest}

    def __call__(self, texts: Sequence[str] | Any) -> np.ndarray:
        """Compute the features ``[text, dim]``, float64.

        Raises:
            ValueError: For one string, no text, or entries that are not strings.
        """
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts) or len(texts) == 0:
            raise ValueError(
                f"{self.name} takes a list of strings, one or more; for rows of numbers pass an extractor, "
                "such as jgen.features.raw()"
            )
        features = np.zeros((len(texts), self.dim))
        for row, text in zip(features, texts, strict=True):
            for order in self.orders:
                for start in range(len(text) - order + 1):
                    number = crc32(text[start : start + order].encode("utf-8", "surrogatepass"))
                    row[number % self.dim] += 1 - 2 * (number >> 31)
        return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-300)
