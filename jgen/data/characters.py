"""Text as the numbers of its characters in an alphabet."""

from typing import NamedTuple

import numpy as np

from jgen.errors import UsageError


class Characters(NamedTuple):
    """A tokenizer whose tokens are single characters.

    Attributes:
        alphabet: The characters that it knows, each once; token i stands for the i-th.

    Example:
        >>> known = Characters("abn")
        >>> known.encode("banana").tolist(), known.decode([1, 0, 2])
        ([1, 0, 2, 0, 2, 0], 'ban')
    """

    alphabet: str

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return len(self.alphabet)

    def encode(self, text: str) -> np.ndarray:
        """The tokens of a text, int32 ``[token]``.

        Raises:
            UsageError: For a character that is not in the alphabet.
        """
        number = {character: i for i, character in enumerate(self.alphabet)}
        if strangers := sorted(set(text) - set(number)):
            raise UsageError(
                f"{''.join(strangers[:8])!r} is not in the alphabet of {self.size} characters: "
                "leave such characters out, or take a byte-pair tokenizer, which knows all text"
            )
        return np.array([number[character] for character in text], np.int32)

    def decode(self, tokens: np.ndarray | list[int]) -> str:
        """The text of tokens ``[token]``.

        Raises:
            ValueError: For a token that is none.
        """
        return "".join(self.alphabet[i] for i in checked(tokens, self.size))


def checked(tokens: np.ndarray | list[int], size: int) -> list[int]:
    """Tokens as whole numbers, after refusing any that is not among ``0 .. size - 1``."""
    numbers = np.asarray(tokens).reshape(-1)
    if numbers.size and not (
        np.issubdtype(numbers.dtype, np.integer) and numbers.min() >= 0 and numbers.max() < size
    ):
        raise ValueError(f"tokens are whole numbers from 0 to {size - 1}; got {numbers.tolist()[:8]}")
    return numbers.tolist()
