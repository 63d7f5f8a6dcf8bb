"""Read the idx format of MNIST and its successors, compressed by gzip or not."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jgen.data.download import Downloaded, File
from jgen.errors import UsageError


class Idx(Downloaded, skip_registration=True):
    """TFDS builder of images and labels from four files: ``{train,test}_{images,labels}``."""

    def features(self) -> Mapping[str, Any]:
        """Return ``x`` ``[28, 28, 1]``, grey values 0 to 255, and ``label``."""
        return {
            "x": tfds.features.Tensor(shape=(28, 28, 1), dtype=np.uint8, doc="grey, 0 to 255"),
            "label": tfds.features.ClassLabel(num_classes=10),
        }

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:
        part = {name: read_idx(path) for name, path in self.fetch(dl_manager).items()}
        return {
            split: self._generate_examples(
                {"x": part[f"{split}_images"][..., None], "label": part[f"{split}_labels"].astype(int)}
            )
            for split in ("train", "test")
        }


def published_files(host: str, **digests: str) -> dict[str, File]:
    """Return the four files of MNIST at a host, by part and with these digests."""
    names = {"train": "train", "test": "t10k", "images": "images-idx3", "labels": "labels-idx1"}
    parts = {part: "-".join(names[word] for word in part.split("_")) for part in digests}
    return {part: File(f"{host}{parts[part]}-ubyte.gz", digest) for part, digest in digests.items()}


def read_idx(path: Path) -> np.ndarray:
    """Read an idx file: two zeros, 8 for unsigned bytes, the rank, big-endian sizes, then the numbers.

    Raises:
        UsageError: For another kind of file, or one that ends early.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "two-by-three")
        ...     _ = file.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]))
        ...     read_idx(file).tolist()
        [[1, 2, 3], [4, 5, 6]]
    """
    raw = path.read_bytes()
    try:
        raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (EOFError, OSError) as error:
        raise UsageError(f"{path} is not whole: {error}; delete it and prepare again") from error
    start = 4 + 4 * raw[3] if raw[:3] == b"\0\0\x08" and len(raw) > 3 else 0
    shape = tuple(int.from_bytes(raw[i : i + 4], "big") for i in range(4, start, 4))
    if not shape or len(raw) != start + np.prod(shape, dtype=int):
        raise UsageError(f"{path} is not a whole idx file of bytes: delete it and prepare again")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)
