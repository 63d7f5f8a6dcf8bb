"""Check sets of images and encode them as PNG files of one length, so that no file tells its origin."""

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from jax.typing import ArrayLike

from jgen.errors import UsageError

LARGEST_SIDE = 1024


def check_images(sets: Mapping[str, ArrayLike], largest: float | None = None) -> dict[str, np.ndarray]:
    """Check that sets of images have one size and range, and convert them to bytes.

    Args:
        sets: Name -> images ``[image, height, width, channel]`` or ``[image, height, width]``, with one or
            three channels; the first is the real set.
        largest: Value that is shown as white; None for 255 where all are whole numbers of 8 bits, else 1.

    Returns:
        Name -> images ``[image, height, width, channel]`` as ``uint8``.

    Raises:
        UsageError: For other shapes, types or ranges; says which set, and what to do.

    Example:
        >>> check_images({"real": np.ones((2, 4, 4)), "model": np.ones((3, 4, 4, 1))})["real"].shape
        (2, 4, 4, 1)
    """
    arrays = {name: np.asarray(images) for name, images in sets.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "uif":
            raise UsageError(f"{name} must be real numbers; got {array.dtype}")
        if array.ndim == 3:
            arrays[name] = array[..., None]
    kinds = {name: array.dtype.kind == "f" for name, array in arrays.items()}
    if largest is None and len(set(kinds.values())) > 1:
        floats = ", ".join(name for name, is_float in kinds.items() if is_float)
        raise UsageError(f"{floats} is of floats, and others of whole numbers: convert all to one type")
    if largest is None:
        largest = 1.0 if any(kinds.values()) else 255.0
    first = next(iter(arrays))
    for name, array in arrays.items():
        _check_shape(name, array)
        if array.shape[1:] != arrays[first].shape[1:]:
            raise UsageError(
                f"images of {name} are {array.shape[1:]}, and those of {first} {arrays[first].shape[1:]}: "
                "people would tell them apart by that alone. Resize or crop them alike"
            )
        outside = ~((array >= 0) & (array <= largest))  # NaN too
        if outside.any():
            number = outside.reshape(len(array), -1).any(1).sum()
            raise UsageError(
                f"{number} of {len(array)} images of {name} have values that are not within 0 to {largest:g} "
                "(or NaN): scale all sets alike, clip them if that is how they are to be shown, or say which "
                "value is white"
            )
        if array.max() <= largest / 64:
            raise UsageError(f"all of {name} is black: its values end at {array.max():g} of {largest:g}")
    return {name: np.rint(array / largest * 255).astype(np.uint8) for name, array in arrays.items()}


def _check_shape(name: str, array: np.ndarray) -> None:
    is_image = array.ndim == 4 and array.size > 0 and array.shape[3] in (1, 3)
    if not is_image or max(array.shape[1:3]) > LARGEST_SIDE:
        raise UsageError(
            f"{name} must be images [image, height, width, channel] of one or three channels and at most "
            f"{LARGEST_SIDE} pixels a side; got {array.shape}"
        )


def shuffle_pixels(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Permute the pixels of an image ``[height, width, channel]``: noise of the same grey values."""
    pixels = image.reshape(-1, image.shape[-1])
    return rng.permutation(pixels, axis=0).reshape(image.shape)


def to_png(image: np.ndarray) -> bytes:
    """Encode an image as a PNG without compression or metadata: all of one size have as many bytes.

    Args:
        image: ``[height, width, channel]`` of ``uint8``, one channel or three.

    Example:
        >>> len(to_png(np.zeros((8, 8, 1), np.uint8))) == len(to_png(np.full((8, 8, 1), 200, np.uint8)))
        True
    """
    height, width, channels = image.shape
    colour = {1: 0, 3: 2}[channels]
    lines = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, -1)], axis=1)
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0),
        b"IDAT": zlib.compress(lines.tobytes(), 0),
        b"IEND": b"",
    }
    chunks = (
        struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))
        for tag, data in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
