"""Chance that is written out: integers mixed by arithmetic alone, the same on every machine, for ever.

No data set may hang on a library's generator: when that changes, the data become others in silence.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np


def mixed(counter: np.ndarray, stream: int = 0) -> np.ndarray:
    """SplitMix64's output at any place of its sequence: 64 bits that look independent from one to the next.

    Args:
        counter: Which ones, whole numbers that are not negative, of any shape.
        stream: Which of many sequences.

    Returns:
        uint64, of the shape of ``counter``.

    Example:
        >>> hex(mixed(np.array(0)))  # the first number of the published generator from seed 0
        '0xe220a8397b1dcdaf'

    Reference:
        Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is what is meant
        start = _finalised(np.uint64(stream) * golden) if stream else np.uint64(0)
        return _finalised(start + (np.asarray(counter).astype(np.uint64) + np.uint64(1)) * golden)


def uniform(counter: np.ndarray, stream: int = 0) -> np.ndarray:
    """Numbers in (0, 1), float64, multiples of 2^-53 moved by half of that, so that neither end is met.

    Example:
        >>> numbers = uniform(np.arange(4096))
        >>> bool(abs(numbers.mean() - 0.5) < 4 / (12 * 4096) ** 0.5)
        True
    """
    return ((mixed(counter, stream) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def parted(count: int, held_out: Mapping[str, int], stream: int = 0) -> dict[str, np.ndarray]:
    """Parts ``0 .. count - 1`` into splits of given sizes, in an order that hangs on nothing but the numbers.

    Args:
        count: How many there are.
        held_out: Sizes of the splits beside ``train``, which takes the rest.
        stream: As in ``mixed``.

    Returns:
        The numbers of each split, rising, ``train`` first.

    Example:
        >>> {name: part.tolist() for name, part in parted(8, {"test": 3}).items()}
        {'train': [1, 2, 4, 5, 6], 'test': [0, 3, 7]}
    """
    order = np.argsort(mixed(np.arange(count), stream), kind="stable")
    ends = np.cumsum([count - sum(held_out.values()), *held_out.values()])[:-1]
    return dict(zip(["train", *held_out], map(np.sort, np.split(order, ends)), strict=True))


def _finalised(z: Any) -> Any:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
