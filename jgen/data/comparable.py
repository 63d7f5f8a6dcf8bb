"""Check that several samples may be compared: rows of one shape, images in one unit."""

from collections.abc import Mapping

import numpy as np

from jgen.errors import UsageError

LARGEST_RATIO = 10.0
"""Ratio of the largest values of two sets of images, from which on they are in different units."""


def check_comparable(real: tuple[str, np.ndarray], generated: Mapping[str, np.ndarray]) -> None:
    """Check that generated samples have the shape of the real ones, and images their unit too.

    Images (rows of two axes or more) are in another unit if the largest value is 10 times that of the real
    ones or a tenth of it, as 255 and 1; or if 5 % of the values are below minus half the largest, and no real
    one is below 0, as in [-1, 1] and [0, 1].

    Args:
        real: Name and rows ``[row, *event]``, or text ``[row]``.
        generated: Name -> rows.

    Raises:
        UsageError: For text and numbers, another shape, size or number of channels, or another unit.

    Example:
        >>> check_comparable(("real.npy", np.ones((5, 8, 8, 1))), {"made.npy": np.ones((9, 8, 8, 3))})
        Traceback (most recent call last):
        jgen.errors.UsageError: rows of made.npy are 8 x 8 x 3, and those of real.npy 8 x 8 x 1: ...
    """
    name, rows = real
    for other, made in generated.items():
        if (made.dtype.kind == "U") != (rows.dtype.kind == "U"):
            text, numbers = (other, name) if made.dtype.kind == "U" else (name, other)
            raise UsageError(f"{text} is text and {numbers} is numbers: give two of one kind")
        if made.shape[1:] != rows.shape[1:]:
            raise UsageError(
                f"rows of {other} are {_size(made)}, and those of {name} {_size(rows)}: resize them, or "
                "convert them to the same channels"
            )
        if rows.ndim > 2:
            _check_unit(name, rows, other, made)


def _size(rows: np.ndarray) -> str:
    return " x ".join(map(str, rows.shape[1:])) or "single numbers"


def _check_unit(name: str, real: np.ndarray, other: str, made: np.ndarray) -> None:
    largest, of_made = (max(float(abs(x.max())), float(abs(x.min()))) for x in (real, made))
    ratio = of_made / largest if largest else 1.0
    signed = real.min() >= 0 and np.quantile(made, 0.05) < -0.5 * largest
    if signed or not 1 / LARGEST_RATIO < ratio < LARGEST_RATIO:
        raise UsageError(
            f"pixels of {other} are {made.min():.3g} to {made.max():.3g}, and those of {name} "
            f"{real.min():.3g} to {real.max():.3g}: scale both to one unit"
        )
