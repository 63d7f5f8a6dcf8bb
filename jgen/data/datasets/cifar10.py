"""CIFAR-10: 60,000 photographs of 32x32 pixels in ten classes."""

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jgen.data.download import Downloaded, File
from jgen.errors import UsageError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RECORD = 1 + 3 * 32 * 32
"""Bytes of an image: its label, then its red, its green and its blue pixels, row by row."""


class Builder(Downloaded):
    """50,000 for training and 10,000 for test."""

    name = "cifar10"
    VERSION = tfds.core.Version("1.0.0")
    files = {  # noqa: RUF012
        "archive": File(
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        )
    }
    description = (
        "Small photographs: x holds red, green and blue of 32x32 pixels, 0 to 255; label one of ten classes."
    )
    homepage = "https://www.cs.toronto.edu/~kriz/cifar.html"
    citation = "A. Krizhevsky, Learning multiple layers of features from tiny images, 2009."

    def features(self) -> Mapping[str, Any]:
        """``x`` ``[32, 32, 3]``, 0 to 255, and ``label``."""
        return {
            "x": tfds.features.Tensor(shape=(32, 32, 3), dtype=np.uint8, doc="0 to 255"),
            "label": tfds.features.ClassLabel(names=CLASSES),
        }

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:
        archive = self.fetch(dl_manager)["archive"]
        return {
            "train": self._generate_examples(archive, [f"data_batch_{i}.bin" for i in range(1, 6)]),
            "test": self._generate_examples(archive, ["test_batch.bin"]),
        }

    def _generate_examples(self, archive: Path, names: list[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
        records = read_cifar(archive, names)
        for i, record in enumerate(records):
            yield i, {"x": record[1:].reshape(3, 32, 32).transpose(1, 2, 0), "label": int(record[0])}


def read_cifar(archive: Path, names: list[str]) -> np.ndarray:
    """The records of some files of the archive, one after the other, ``[image, 1 + 3072]``.

    Raises:
        UsageError: For an archive that is damaged, or without one of the files.
    """
    found = {}
    try:
        with tarfile.open(archive) as members:
            for member in members:
                name = Path(member.name).name
                content = members.extractfile(member) if name in names else None
                if content is not None:
                    found[name] = np.frombuffer(content.read(), np.uint8)
    except (tarfile.TarError, EOFError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{archive} is damaged ({reason}): delete it and prepare again") from error
    if missing := [name for name in names if name not in found or len(found[name]) % RECORD]:
        raise UsageError(f"{archive} has no whole {', '.join(missing)}: delete it and prepare again")
    return np.concatenate([found[name] for name in names]).reshape(-1, RECORD)
