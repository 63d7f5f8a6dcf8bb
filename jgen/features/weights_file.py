"""Read published weights of a network from a safetensors file."""

import hashlib
import io
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jgen.errors import UsageError

FLOATS = ("F16", "F32", "F64")
"""Types of weights, as safetensors names them."""


def read_weights(
    path: str | Path,
    shapes: Mapping[str, tuple[int, ...]],
    *,
    network: str,
    source: str,
    used: Collection[str] | None = None,
    ignored: str = "(?!)",
    check_digest: bool = True,
) -> dict[str, np.ndarray]:
    """Read the arrays of a file that must hold exactly a network's.

    Args:
        path: The ``.safetensors`` file.
        shapes: Name -> shape of each array that the file must hold.
        network: What the messages call it, such as ``"this VGG16"``.
        source: Where to get the file and how to convert it: the sentence that ends the message if it is
            missing.
        used: Names of the arrays to read; None for all of ``shapes``.
        ignored: Regular expression of the whole names of arrays that the file may hold besides.
        check_digest: Whether the file's SHA-256 must begin with the digits in its name, where the name ends
            in a dash and eight or more hexadecimal digits (``vgg16-0a1b2c3d.safetensors``).

    Returns:
        Name -> array, in the file's own float type.

    Raises:
        UsageError: If safetensors is not installed, or the file is missing, damaged, or holds another
            network; the message lists the arrays that do not fit.

    Example:
        >>> read_weights("none.safetensors", {}, network="this network", source="Its authors have it")
        Traceback (most recent call last):
        jgen.errors.UsageError: cannot read none.safetensors: No such file or directory. Its authors have it
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise UsageError(f'reading {path} needs safetensors: pip install "jgen[features]"') from error
    path = Path(path)
    try:
        with path.open("rb") as file:
            if check_digest:
                _check_digest(path, file)
        with safe_open(path, framework="numpy") as arrays:
            _check_arrays(path, arrays, shapes, network, re.compile(ignored))
            return {name: arrays.get_tensor(name) for name in (shapes if used is None else used)}
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}. {source}") from error
    except SafetensorError as error:
        raise UsageError(
            f"{path} is damaged or no safetensors file ({error}): convert it again. {source}"
        ) from error


def _check_digest(path: Path, file: io.BufferedReader) -> None:
    expected = re.search(r"-([0-9a-f]{8,64})\.[^.]*$", path.name)
    if expected is None:
        return
    digest = hashlib.file_digest(file, "sha256").hexdigest()[: len(expected[1])]
    if digest != expected[1]:
        raise UsageError(
            f"the SHA-256 of {path} begins with {digest}, not {expected[1]} as its name does: convert it "
            "again, or pass check_digest=False (a converted file does not keep the digest of the original)"
        )


def _check_arrays(
    path: Path, arrays: Any, expected: Mapping[str, tuple[int, ...]], network: str, ignored: re.Pattern[str]
) -> None:
    slices = {name: arrays.get_slice(name) for name in arrays.keys() if not ignored.fullmatch(name)}  # noqa: SIM118
    found = {name: tuple(part.get_shape()) for name, part in slices.items()}
    wrong = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
    if wrong:
        lines = [
            f"{name} {found.get(name, 'is absent')}, not {expected.get(name, 'known')}" for name in wrong[:5]
        ]
        raise UsageError(
            f"{path} does not hold {network}: {'; '.join(lines)}; {len(wrong)} do not fit in all"
        )
    other = [name for name, part in slices.items() if part.get_dtype() not in FLOATS]
    if other:
        raise UsageError(f"{path}: {', '.join(other[:5])} must be float16, float32 or float64")
