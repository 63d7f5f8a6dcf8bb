"""Hash integers to fixed random numbers, the same on every machine and with every library version.

Data sets use no generator of a library, as a change of it would silently change the data.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np


def mixed(counter: np.ndarray, stream: int = 0) -> np.ndarray:
    """Return SplitMix64's output at any indices of its sequence: 64 bits, as if independent.

    Args:
        counter: Indices in the sequence, non-negative integers of any shape.
        stream: Number of the sequence.

    Returns:
        uint64, of the shape of ``counter``.

    Example:
        >>> hex(mixed(np.array(0)))  # first number of the published generator from seed 0
        '0xe220a8397b1dcdaf'

    Reference:
        Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64
        start = _finalised(np.uint64(stream) * golden) if stream else np.uint64(0)
        return _finalised(start + (np.asarray(counter).astype(np.uint64) + np.uint64(1)) * golden)


def uniform(counter: np.ndarray, stream: int = 0) -> np.ndarray:
    """Return uniform numbers in (0, 1), float64: multiples of 2^-53 shifted by half of that.

    Example:
        >>> numbers = uniform(np.arange(4096))
        >>> bool(abs(numbers.mean() - 0.5) < 4 / (12 * 4096) ** 0.5)
        True
    """
    return ((mixed(counter, stream) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def parted(count: int, sizes: Mapping[str, int], stream: int = 0) -> dict[str, np.ndarray]:
    """Divide ``0 .. count - 1`` at random into splits of given sizes, always the same.

    Args:
        count: Number of examples.
        sizes: Sizes of the splits beside ``train``, which takes the rest.
        stream: As in ``mixed``.

    Returns:
        The numbers of each split in rising order, ``train`` first.

    Example:
        >>> {name: part.tolist() for name, part in parted(8, {"test": 3}).items()}
        {'train': [1, 2, 4, 5, 6], 'test': [0, 3, 7]}
    """
    order = np.argsort(mixed(np.arange(count), stream), kind="stable")
    ends = np.cumsum([count - sum(sizes.values()), *sizes.values()])[:-1]
    return dict(zip(["train", *sizes], map(np.sort, np.split(order, ends)), strict=True))


def _finalised(z: Any) -> Any:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
