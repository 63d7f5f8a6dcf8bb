"""Tokenise text by the indices of its characters in an alphabet."""

from typing import NamedTuple

import numpy as np

from jgen.errors import UsageError


class Characters(NamedTuple):
    """Tokenizer whose tokens are single characters.

    Attributes:
        alphabet: Characters, each once; token i stands for the i-th.

    Example:
        >>> letters = Characters("abn")
        >>> letters.encode("banana").tolist(), letters.decode([1, 0, 2])
        ([1, 0, 2, 0, 2, 0], 'ban')
    """

    alphabet: str

    @property
    def size(self) -> int:
        """Return the number of tokens."""
        return len(self.alphabet)

    def encode(self, text: str) -> np.ndarray:
        """Return the tokens of a text, int32 ``[token]``.

        Raises:
            UsageError: For a character that is not in the alphabet.
        """
        number = {character: i for i, character in enumerate(self.alphabet)}
        if unknown := sorted(set(text) - set(number)):
            raise UsageError(
                f"{''.join(unknown[:8])!r} is not in the alphabet of {self.size} characters: "
                "remove such characters, or take a byte-pair tokenizer, which encodes all text"
            )
        return np.array([number[character] for character in text], np.int32)

    def decode(self, tokens: np.ndarray | list[int]) -> str:
        """Return the text of tokens ``[token]``.

        Raises:
            ValueError: For a token out of range.
        """
        return "".join(self.alphabet[i] for i in check_tokens(tokens, self.size))


def check_tokens(tokens: np.ndarray | list[int], size: int) -> list[int]:
    """Return tokens as a list of integers; raise if any is not among ``0 .. size - 1``."""
    numbers = np.asarray(tokens).reshape(-1).tolist()
    if not all(isinstance(number, int) and 0 <= number < size for number in numbers):
        raise ValueError(f"tokens are whole numbers from 0 to {size - 1}; got {numbers[:8]}")
    return numbers
