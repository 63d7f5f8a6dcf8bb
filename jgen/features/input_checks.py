"""Check the rows that an extractor is given: their shape, type and range."""

import jax.numpy as jnp
import numpy as np


def check_shape(name: str, x: np.ndarray, shape: tuple[int | None, ...], axes: str) -> None:
    """Check the shape of rows; None stands for any size of an axis.

    Raises:
        ValueError: For another; it names the axes and both shapes.

    Example:
        >>> check_shape("raw", np.zeros((5, 8)), (None, 8), "[row, dim]")
    """
    sizes = zip(x.shape, shape, strict=False)
    if x.ndim != len(shape) or any(size != wanted for size, wanted in sizes if wanted is not None):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} takes {axes} of sizes ({wanted}); got {x.shape}")


def check_unit_range(name: str, x: np.ndarray) -> None:
    """Check that images are finite floats in [0, 1].

    Raises:
        ValueError: For integers, which do not say what white is, for NaN, and for values outside.

    Example:
        >>> check_unit_range("raw", np.ones((5, 8, 8, 1)))
    """
    if not jnp.issubdtype(x.dtype, jnp.floating):  # NumPy does not know that bfloat16 is one
        raise ValueError(f"{name} takes floats in [0, 1]; got {x.dtype}: divide by the value of white")
    low, high = float(x.min()), float(x.max())  # NaN if any is
    if low >= 0 and high <= 1:
        return
    if np.isnan([low, high]).any():
        wrong = np.isnan(x.reshape(len(x), -1)).any(1)
        raise ValueError(f"{wrong.sum()} of {len(x)} images have a NaN; the first is row {wrong.argmax()}")
    raise ValueError(
        f"{name} takes images in [0, 1]; these reach from {low:.5g} to {high:.5g}: rescale them, and clip "
        "what rounding has put outside"
    )


def check_colour_images(name: str, x: np.ndarray) -> None:
    """Check that images are red, green and blue, in bytes or in floats in [0, 1].

    Raises:
        ValueError: For another shape, type or range.

    Example:
        >>> check_colour_images("inception-v3", np.zeros((5, 32, 32, 3), np.uint8))
        >>> check_colour_images("inception-v3", np.zeros((5, 28, 28, 1)))
        Traceback (most recent call last):
        ValueError: inception-v3 takes images [row, height, width, 3] of red, green and blue; got
        (5, 28, 28, 1): repeat a grey image three times, and put channels last
    """
    if x.ndim != 4 or x.shape[-1] != 3 or 0 in x.shape:
        raise ValueError(
            f"{name} takes images [row, height, width, 3] of red, green and blue; got {x.shape}: repeat a "
            "grey image three times, and put channels last"
        )
    if x.dtype == np.uint8:
        return
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name} takes images in uint8, 0 to 255, or in floats, 0 to 1; got {x.dtype}")
    check_unit_range(name, x)
